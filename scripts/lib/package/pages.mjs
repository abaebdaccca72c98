// pages.mjs CLI NAME DEST: the manual page NAME.1 and the completion of bash for a command, made of
// what it says of itself.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [cli, name, dest] = process.argv.slice(2);
const help = (words) =>
  execFileSync(process.execPath, [cli, ...words, '--help'], {
    encoding: 'utf8',
    env: { NO_COLOR: '1', COLUMNS: '100' },
  });

const pages = [];
look([]);

function look(words) {
  const text = help(words);
  const part = /^Commands:\n((?: {2,}.*\n?)+)/m.exec(text)?.[1] ?? '';
  const commands = [...part.matchAll(/^ {2}([a-z][a-z-]*)\b/gm)]
    .map(([, command]) => command)
    .filter((command) => command !== 'help');
  const options = [...text.matchAll(/^ {2}(?:-\w, )?(--[a-z][a-z-]*)/gm)].map(
    ([, option]) => option,
  );
  pages.push({ words, text, commands, options });
  for (const command of commands) look([...words, command]);
}

const roff = (text) =>
  text
    .replaceAll('\\', '\\e')
    .replace(/^([.'])/gm, '\\&$1')
    .replaceAll('-', '\\-');
const [first] = pages;
const about = /^\n?(\S.*)$/m.exec(first.text.replace(/^Usage:.*\n/, ''))?.[1] ?? name;
const manual = [
  `.TH ${name.toUpperCase()} 1 "" pushmirror "pushmirror"`,
  '.SH NAME',
  `${name} \\- ${roff(about)}`,
  '.SH SYNOPSIS',
  `.B ${name}`,
  '.I command',
  '[options]',
  ...pages.flatMap(({ words, text }) => [
    words.length === 0 ? '.SH COMMANDS' : `.SS ${roff([name, ...words].join(' '))}`,
    '.nf',
    roff(text.trimEnd()),
    '.fi',
  ]),
  '.SH EXIT STATUS',
  '0: it is done. 1: it failed. 2: it was called in a wrong way. 3: some mirrors failed.',
  '.SH FILES',
  '.I /etc/pushmirror',
  '.SH SEE ALSO',
  '.BR rsync (1), ssh\\-keygen (1), ftpsync (1)',
];

const cases = pages.map(({ words, commands, options }) => {
  const key = [name, ...words].join(' ');
  return `    '${key}') words='${[...commands, ...options, '--help'].join(' ')}' ;;`;
});
const completion = `# Completion of bash for ${name}.
_${name.replaceAll('-', '_')}() {
  local key=${name} word words i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    [[ $word == -* ]] && break
    key="$key $word"
  done
  while :; do
    case $key in
${cases.join('\n')}
    *)
      [[ $key == *' '* ]] || return
      key=\${key% *}
      continue
      ;;
    esac
    break
  done
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _${name.replaceAll('-', '_')} ${name}
`;

mkdirSync(join(dest, 'man'), { recursive: true });
mkdirSync(join(dest, 'completions'), { recursive: true });
writeFileSync(join(dest, 'man', `${name}.1`), `${manual.join('\n')}\n`);
writeFileSync(join(dest, 'completions', name), completion);
