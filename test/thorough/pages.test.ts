import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { tempFolder, type TempFolder } from '../harness/temp-folder.ts';
import { tool, tryTool } from '../harness/tool.ts';

const root = resolve(import.meta.dirname, '../..');
const programs = { 'mirror-agent': 'mirror-agent', 'mirror-master': 'master' };

/** A line as far as it was typed, and what is offered for its last word. FILES stands for a folder. */
const lines: [string, string[]][] = [
  ['mirror-agent ver', ['verify']],
  ['mirror-agent opt-', ['opt-in', 'opt-out']],
  ['mirror-agent import ', ['ftpsync']],
  ['mirror-agent verify --re', ['--repair']],
  ['mirror-agent verify debian --sa', ['--sample']],
  ['mirror-agent verify --sample ', []],
  ['mirror-agent verify --config FILES/', ['a.toml', 'b.conf']],
  ['mirror-agent import ftpsync FILES/b', ['b.conf']],
  ['mirror-master mirror app', ['approve']],
  ['mirror-master mirror add host --kind ', ['agent', 'ftpsync']],
  ['mirror-master mirror add host --push s', ['staged']],
  ['mirror-master key rotate p', ['push']],
  ['mirror-master archive set debian --switch t', ['together']],
  ['mirror-master mirror vantage host o', ['off', 'on']],
];

/** How each shell is asked, for the folder of pages, a program's name and a line. */
const shells: Record<string, (pages: string, name: string, line: string) => string[]> = {
  bash: (pages, name, line) => ['bash', script('bash-offers.sh'), `${pages}/${name}.bash`, line],
  zsh: (pages, _, line) => ['zsh', '-f', script('zsh-offers.zsh'), `${pages}/zsh`, line],
  fish: (pages, name, line) => [
    'fish',
    '--no-config',
    script('fish-offers.fish'),
    `${pages}/${name}.fish`,
    line,
  ],
};

void describe('what is made of the commands themselves', () => {
  let temp: TempFolder;

  before(async () => {
    temp = await tempFolder('pages');
    await mkdir(join(temp.path, 'zsh'));
    await mkdir(join(temp.path, 'files'));
    for (const file of ['a.toml', 'b.conf']) await writeFile(join(temp.path, 'files', file), '');
    for (const [name, app] of Object.entries(programs)) {
      const generator = join(root, 'scripts/lib/package/pages.mjs');
      const built = join(root, 'apps', app);
      await tool([process.execPath, generator, built, name, '2026-11-21', temp.path]);
      await copyFile(join(temp.path, `${name}.zsh`), join(temp.path, 'zsh', `_${name}`));
    }
  });
  after(() => temp.remove());

  for (const [shell, ask] of Object.entries(shells)) {
    void test(`${shell} completes commands, options, their values and files`, async () => {
      for (const [typed, wanted] of lines) {
        const line = typed.replace('FILES', join(temp.path, 'files'));
        const [program = '', ...args] = ask(temp.path, line.split(' ')[0] ?? '', line);
        const offers = await tool([program, ...args], { env: { HOME: temp.path, TERM: 'dumb' } });
        const words = offers.split('\n').filter((word) => word !== '');
        const last = words.map((word) => word.replace(/^.*\//, '')).toSorted();
        assert.deepEqual([typed, last], [typed, wanted]);
      }
    });
  }

  for (const name of Object.keys(programs)) {
    void test(`${name}(1) has every command, and mandoc, man and lexgrog find nothing wrong`, async () => {
      const page = join(temp.path, `${name}.1`);
      const lint = await tryTool(['mandoc', '-T', 'lint', '-W', 'warning', page]);
      assert.equal(`${lint.stdout}${lint.stderr}`, '');
      const shown = await tryTool(['man', '--warnings', '-E', 'UTF-8', '-l', page]);
      assert.equal(shown.stderr, '');
      assert.match(await tool(['lexgrog', page]), new RegExp(`"${name} - [a-z].*[a-z]"`));
      const source = await readFile(join(temp.path, `${name}.bash`), 'utf8');
      const commands = [...source.matchAll(/key='([a-z -]+)' ;;/g)].map(([, words]) => words ?? '');
      assert.equal(commands.length > 15, true);
      const text = shown.stdout.replaceAll(/\s+/g, ' ');
      const leaves = commands.filter((one) => !commands.some((it) => it.startsWith(`${one} `)));
      assert.deepEqual(
        leaves.filter((words) => !text.includes(`${name} ${words} `)),
        [],
      );
    });
  }
});

function script(name: string): string {
  return join(root, 'test/packages', name);
}
