// Completion of bash: the command's words up to the first option say which command it is.

export function bash(name, commands) {
  const call = `_${name.replaceAll('-', '_')}`;
  return `# Completion of bash for ${name}.
${call}() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]}
  local key= words= options= values= word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case $key/$word in
${commands.flatMap(({ words, commands: subs }) => subs.map((sub) => `    '${words.join(' ')}/${sub.name}') key='${[...words, sub.name].join(' ')}' ;;`)).join('\n')}
    *) break ;;
    esac
  done
  case $key in
${commands.map((command) => `  '${command.words.join(' ')}')\n${branch(command)}    ;;`).join('\n')}
  esac
  if [[ $values == FILES ]] || { [[ $words == FILES && $current != -* ]]; }; then
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  elif [[ -n $values ]]; then
    mapfile -t COMPREPLY < <(compgen -W "\${values#NONE}" -- "$current")
  elif [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}
complete -F ${call} ${name}
`;
}

function branch({ commands, options, arguments: given }) {
  const takesFiles = given.some(({ value }) => value.files);
  const words = [
    ...(takesFiles ? ['FILES'] : []),
    ...commands.map(({ name }) => name),
    ...given.flatMap(({ value }) => value.choices ?? []),
  ];
  const long = options.flatMap(({ names }) => names.filter((one) => one.startsWith('--')));
  const cases = options
    .filter(({ value }) => value !== undefined)
    .map(({ names, value }) => {
      const values = value.files ? 'FILES' : (value.choices?.join(' ') ?? 'NONE');
      return `    ${names.join(' | ')}) values='${values}' ;;\n`;
    });
  const values = cases.length === 0 ? '' : `    case $before in\n${cases.join('')}    esac\n`;
  return `    words='${words.join(' ')}' options='${long.join(' ')}'\n${values}`;
}
