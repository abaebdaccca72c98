// Completion of zsh: a function for each command, told by the words before it.

export function zsh(name, commands) {
  return `#compdef ${name}
# Completion of zsh for ${name}.
${commands.map((command) => part(name, command)).join('')}
${functionName(name, [])} "$@"
`;
}

function part(name, command) {
  const { words, commands, options, arguments: given } = command;
  const specs = options.map(({ names, about, value }) => {
    const only = names.length > 1 ? `(${names.join(' ')})` : '';
    const form = names.length > 1 ? `'{${names.join(',')}}'` : names[0];
    return `'${only}${form}[${clean(about)}]${value === undefined ? '' : `:${clean(value.name)}:${action(value)}`}'`;
  });
  if (commands.length > 0) specs.push("'1: :->command'", "'*:: :->rest'");
  else specs.push(...given.map(({ term, value }) => `':${clean(term)}:${action(value)}'`));
  const lines = [`  _arguments -C ${specs.join(' \\\n    ')}`];
  if (commands.length > 0) {
    const list = commands.map((one) => `'${one.name}:${clean(one.about)}'`);
    const cases = commands.map(
      (one) => `      ${one.name}) ${functionName(name, [...words, one.name])} ;;`,
    );
    lines.unshift('  local curcontext=$curcontext state line');
    lines.push(
      '  case $state in',
      '  command)',
      `    local -a commands=(\n      ${list.join('\n      ')}\n    )`,
      '    _describe command commands ;;',
      '  rest)',
      '    case $line[1] in',
      ...cases,
      '    esac ;;',
      '  esac',
    );
  }
  return `${functionName(name, words)}() {\n${lines.join('\n')}\n}\n`;
}

const functionName = (name, words) => `_${[name, ...words].join('_').replaceAll('-', '_')}`;

function action(value) {
  if (value?.files) return '_files';
  if (value?.choices) return `(${value.choices.join(' ')})`;
  return ' ';
}

/** Within single quotes, brackets and colons of their own. */
const clean = (text) => text.replaceAll("'", '’').replaceAll(/[[\]:\\]/g, (one) => `\\${one}`);
