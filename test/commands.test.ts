import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { before, describe, test } from 'node:test';
import { CommanderError, type Command } from 'commander';
import { codeSpans, fencedBlocks } from './docs/markdown.ts';
import { helpOf, leavesOf, parsedProgram, type ProgramName } from './docs/programs.ts';
import { shellCommands } from './docs/shell.ts';

const root = resolve(import.meta.dirname, '..');
const names: ProgramName[] = ['mirror-master', 'mirror-agent'];
const programs = new Map<string, Command>();

/** What every command promises to people and scripts, and what is said of commands elsewhere. */
void describe('the commands', () => {
  before(async () => {
    for (const name of names) programs.set(name, await parsedProgram(name));
  });

  for (const name of names) {
    void test(`${name}: each has a description, --json, and examples that it understands`, () => {
      const leaves = leavesOf(program(name));
      assert.equal(leaves.length > 15, true, 'the programs are loaded whole');
      const wrong: string[] = [];
      for (const { words, command } of leaves) {
        const called = words.join(' ');
        const help = helpOf(command);
        if (command.description() === '') wrong.push(`${called}: no description`);
        if (!command.options.some(({ long }) => long === '--json'))
          wrong.push(`${called}: no --json`);
        const examples = examplesOf(help);
        if (!examples.some((example) => example.startsWith(called)))
          wrong.push(`${called}: no example of it in its help`);
        for (const example of examples) wrong.push(...mistakesIn(example, `${called} --help`));
        if (/\(default:\s+\d{4,}\)/.test(help)) wrong.push(`${called}: a time in milliseconds`);
      }
      assert.deepEqual(wrong, []);
    });

    void test(`${name}: a wrong call of any of them is a usage error`, async () => {
      for (const { words } of leavesOf(program(name))) {
        const [, ...call] = words;
        await assert.rejects(
          program(name).parseAsync([...call, '--no-such-option'], { from: 'user' }),
          (error) => error instanceof CommanderError && error.exitCode !== 0,
          words.join(' '),
        );
      }
    });
  }

  void test('every command line in a block of the documents is understood', async () => {
    const wrong: string[] = [];
    let seen = 0;
    for (const file of documents()) {
      for (const { language, text, line } of fencedBlocks(read(file))) {
        if (language !== 'sh') continue;
        for (const { words, line: within } of shellCommands(text)) {
          seen += ourCall(words) === undefined ? 0 : 1;
          wrong.push(...(await understood(words, `${file}:${line + within - 1}`)));
        }
      }
    }
    assert.deepEqual(wrong, []);
    assert.equal(seen > 20, true, `only ${seen} calls were found`);
  });

  void test('every command that is named in prose, settings or units exists, with its options', () => {
    const wrong: string[] = [];
    for (const file of documents()) {
      for (const { text, line } of codeSpans(read(file))) {
        if (/^mirror-(?:master|agent) /.test(text))
          wrong.push(...mistakesIn(text, `${file}:${line}`));
      }
      for (const { language, text, line } of fencedBlocks(read(file)))
        if (language !== 'sh') wrong.push(...mistakesInLines(text, file, line));
    }
    for (const file of files('config')) wrong.push(...mistakesInLines(read(file), file, 1));
    assert.deepEqual(wrong, []);
  });

  void test('commands stand in fenced blocks, which can be run, and not in indented ones', () => {
    const indented = documents().flatMap((file) =>
      read(file)
        .split('\n')
        .map((line, index) => ({ line, at: `${file}:${index + 1}` }))
        .filter(({ line }) => /^ {4,}(?:\$ |# )?mirror-(?:master|agent) /.test(line)),
    );
    assert.deepEqual(indented, []);
  });
});

function program(name: string): Command {
  const found = programs.get(name);
  assert.ok(found, name);
  return found;
}

/** The lines below `Example:` or `Examples:`; a line that is continued is one. */
function examplesOf(help: string): string[] {
  const [, text = ''] = /\nExamples?:\n([^]*)$/.exec(help) ?? [];
  return text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.trim())
    .flatMap((line) => /(mirror-(?:master|agent) .*)$/.exec(line)?.[1] ?? []);
}

/** The call of one of our programs in a command, whoever it is run as. */
function ourCall(words: readonly string[]): string[] | undefined {
  const at = words.findIndex((word) => /^(?:.*\/)?mirror-(?:master|agent)$/.test(word));
  const before = words.slice(0, at);
  if (at < 0 || (at > 0 && !/^(?:runuser|sudo|exec|env|watch|time)$/.test(before[0] ?? '')))
    return undefined;
  const [first = '', ...more] = words.slice(at);
  return [first.replace(/^.*\//, ''), ...more];
}

async function understood(words: readonly string[], at: string): Promise<string[]> {
  const [name, ...call] = ourCall(words) ?? [];
  if (name === undefined) return [];
  try {
    // Parsed by a program of its own, since commander keeps what it has parsed.
    await (await parsedProgram(name as ProgramName, call[0])).parseAsync(call, { from: 'user' });
    return [];
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return [];
    return [`${at}: ${words.join(' ')}: ${String(error)}`];
  }
}

/** Unknown commands and options of a call that may have `…` or alternatives (`a|b`) in it. */
function mistakesIn(text: string, at: string): string[] {
  const [, name = '', rest = ''] = /^(mirror-(?:master|agent))(.*)$/.exec(text) ?? [];
  const words = rest.split(/[\s()[\]"'`]+/).map((word) => word.replace(/[.,:;…]+$/, ''));
  let commands = [program(name)];
  for (const word of words.filter((one) => one !== '')) {
    if (word.startsWith('--')) {
      for (const option of word.split(/[|=]/).filter((one) => one.startsWith('--'))) {
        const known = commands.some((command) =>
          command.options.some(({ long }) => long === option),
        );
        if (!known && option !== '--help' && option !== '--version')
          return [`${at}: ${text}: no option ${option}`];
      }
    } else if (commands.every(({ commands: below }) => below.length > 0)) {
      const named = word.split('|').filter((one) => one !== '');
      const next = named.map((one) =>
        commands.flatMap(({ commands: below }) => below).find((command) => command.name() === one),
      );
      if (next.includes(undefined)) return [`${at}: ${text}: no command ${word}`];
      commands = next.flatMap((command) => command ?? []);
    }
  }
  return [];
}

function mistakesInLines(text: string, file: string, first: number): string[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      [
        ...line.matchAll(
          /mirror-(?:master|agent) [a-z].*?(?=[.,;:)](?: |$)|mirror-(?:master|agent) |$)/g,
        ),
      ].flatMap(([found]) => mistakesIn(found, `${file}:${first + index}`)),
    );
}

function documents(): string[] {
  return ['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', ...files('docs')];
}

function files(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(join(root, path)).isFile())
    .toSorted();
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}
