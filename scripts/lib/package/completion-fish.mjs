// Completion of fish: the command's words up to the first option say which command it is.

export function fish(name, commands) {
  const at = `__fish_${name.replaceAll('-', '_')}_at`;
  const keys = commands.slice(1).map(({ words }) => quote(words.join(' ')));
  const lines = [
    `# Completion of fish for ${name}.`,
    `function ${at} --description 'Whether these words are the command so far'`,
    `  set --local known ${keys.join(' ')}`,
    '  set --local key',
    '  for word in (commandline -opc)[2..]',
    '    set --local longer (string join " " -- $key $word)',
    '    contains -- $longer $known; or break',
    '    set key $longer',
    '  end',
    '  test "$key" = "$argv[1]"',
    'end',
    `complete -c ${name} -f`,
  ];
  for (const { words, commands: subs, options, arguments: given } of commands) {
    const here = `complete -c ${name} -n '${at} "${words.join(' ')}"'`;
    for (const sub of subs) lines.push(`${here} -a ${sub.name} -d ${quote(sub.about)}`);
    for (const { names, about, value } of options) {
      const short = names.filter((one) => !one.startsWith('--')).map((one) => `-s ${one.slice(1)}`);
      const long = names.filter((one) => one.startsWith('--')).map((one) => `-l ${one.slice(2)}`);
      lines.push([here, ...short, ...long, ...takes(value), '-d', quote(about)].join(' '));
    }
    for (const { value } of given) {
      if (value.files) lines.push(`${here} -F`);
      else if (value.choices) lines.push(`${here} -a ${quote(value.choices.join(' '))}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function takes(value) {
  if (value === undefined) return [];
  if (value.files) return ['-r', '-F'];
  return value.choices === undefined ? ['-x'] : ['-x', '-a', quote(value.choices.join(' '))];
}

const quote = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
