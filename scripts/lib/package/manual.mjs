// The manual page, in man(7)'s macros.

export function manual(name, commands, date) {
  const [program, ...rest] = commands;
  const other = name === 'mirror-agent' ? 'mirror-master' : 'mirror-agent';
  const lines = [
    `.TH ${name.toUpperCase()} 1 ${date} pushmirror "User Commands"`,
    '.SH NAME',
    `${roff(name)} \\- ${roff(sentence(program.about))}`,
    '.SH SYNOPSIS',
    `.B ${roff(name)}`,
    '.I command',
    '.RI [ options ]',
    '.SH DESCRIPTION',
    roff(program.about),
    '.PP',
    'Each command tells its options with',
    '.BR \\-\\-help ,',
    'and prints for programs with',
    '.BR \\-\\-json .',
    ...options(program),
    '.SH COMMANDS',
    ...rest.filter(({ commands: subs }) => subs.length === 0).flatMap((one) => section(name, one)),
    '.SH EXIT STATUS',
    ...item('.B 0', 'It is done.'),
    ...item('.B 1', 'It failed.'),
    ...item('.B 2', 'It was called in a wrong way.'),
    ...(name === 'mirror-master' ? item('.B 3', 'Some mirrors failed.') : []),
    '.SH FILES',
    ...files[name].flatMap(([file, about]) => item(`.I ${roff(file)}`, about)),
    '.SH SEE ALSO',
    `.BR ${roff(other)} (1),`,
    '.BR rsync (1),',
    '.BR ssh\\-keygen (1)',
    '.PP',
    `Documentation and annotated examples: /usr/share/doc/${roff(name)}`,
  ];
  return `${lines.join('\n')}\n`;
}

const files = {
  'mirror-agent': [
    ['/etc/pushmirror/mirror-agent.toml', 'Its configuration.'],
    ['/var/lib/pushmirror', 'Its state: a few small files.'],
    ['/srv/mirrors', 'Archives; for other places see mirror\\-agent.service.'],
  ],
  'mirror-master': [
    ['/etc/pushmirror/master.toml', 'Its settings, beside its keys.'],
    ['/var/lib/pushmirror\\-master', 'For its database.'],
  ],
};

function section(name, { words, about, usage, arguments: given, options: _, after, ...rest }) {
  const [, parameters = ''] = usage.split(`${words.at(-1)} `);
  return [
    `.SS ${roff([...words].join(' '))}`,
    `.B ${roff([name, ...words].join(' '))}`,
    ...(parameters === '' ? [] : [roff(parameters)]),
    '.PP',
    roff(about),
    ...given.flatMap((one) =>
      one.about === '' ? [] : item(`.I ${roff(one.term)}`, roff(one.about)),
    ),
    ...options({ options: _, ...rest }),
    ...(after === '' ? [] : ['.PP', '.nf', roff(after), '.fi']),
  ];
}

function options({ options: list }) {
  return list
    .filter(({ names }) => !names.includes('--help'))
    .flatMap(({ flags, about }) => item(`.B ${roff(flags)}`, roff(about)));
}

const item = (term, about) => ['.TP', term, about];

/** As it stands after a dash in lists of manual pages. */
const sentence = (text) => text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '');

function roff(text) {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('’', '\\(cq')
    .replaceAll('“', '\\(lq')
    .replaceAll('”', '\\(rq')
    .replace(/^([.'])/gm, '\\&$1')
    .replace(/\n{2,}/g, '\n.PP\n');
}
