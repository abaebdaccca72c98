// All commands of a program, as plain data.
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Each command with its words (`["mirror", "add"]`), outermost first: { words, about, usage,
 * arguments: [{ term, about, value }], options: [{ flags, names, about, value }],
 * commands: [{ name, about }], after: the text below its help }. A value is undefined where there is
 * none, else { name, choices } or { name, files: true }.
 */
export async function outline(app, name) {
  const program = await load(app, name);
  const found = [];
  walk(program, []);
  return found;

  function walk(command, words) {
    const help = command.createHelp();
    const subs = help.visibleCommands(command).filter((sub) => sub.name() !== 'help');
    found.push({
      words,
      about: oneLine(command.description()),
      usage: help.commandUsage(command),
      arguments: command.registeredArguments.map((argument) => ({
        term: argument.name(),
        about: help.argumentDescription(argument),
        value: value(argument.name(), argument.argChoices),
      })),
      options: help.visibleOptions(command).map((option) => ({
        flags: option.flags,
        names: [option.short, option.long].filter((one) => one !== undefined),
        about: help.optionDescription(option),
        value: value(/[<[](.*)[>\]]/.exec(option.flags)?.[1], option.argChoices),
      })),
      commands: subs.map((sub) => ({ name: sub.name(), about: oneLine(sub.description()) })),
      after: after(command),
    });
    for (const sub of subs) walk(sub, [...words, sub.name()]);
  }
}

async function load(app, name) {
  const file = join(resolve(app), 'dist/commands/program.js');
  const { agentProgram, masterProgram } = await import(pathToFileURL(file).href);
  if (masterProgram !== undefined) return masterProgram();
  const output = { stdout: () => {}, stderr: () => {} };
  return agentProgram({ output, defaultConfig: `/etc/pushmirror/${name}.toml`, exit: () => {} });
}

/** `on|off` is a choice too. */
function value(name, choices) {
  if (name === undefined) return undefined;
  if (choices !== undefined) return { name, choices };
  if (/(^|\|)(file|folder|dir|path|list)$/.test(name)) return { name, files: true };
  if (/^[a-z-]+(\|[a-z-]+)+$/.test(name)) return { name, choices: name.split('|') };
  return { name };
}

/** What stands below the help that commander makes: examples, exit codes. */
function after(command) {
  let text = '';
  command.configureOutput({ writeOut: (more) => (text += more) });
  command.outputHelp();
  return text.slice(command.helpInformation().length).trim();
}

const oneLine = (text) => text.replaceAll(/\s+/g, ' ').trim();
