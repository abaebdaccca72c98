import assert from 'node:assert/strict';
import { chmodSync, existsSync, linkSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseTrace } from '@pushmirror/trace';
import { isOwnMetadata } from '../../../../test/harness/compare-trees.ts';
import { tool } from '../../../../test/harness/tool.ts';
import type { Architectures } from './archive-settings.ts';
import { debianLike, writeFiles } from './fixtures.test.ts';
import { MIRROR, withSite, type Site } from './site.test.ts';

const skip = existsSync('/usr/bin/ftpsync') ? false : 'ftpsync is not installed';

/** Run the stock ftpsync on the same upstream, into a folder of its own. */
async function ftpsync(site: Site, architectures: Architectures): Promise<string> {
  const to = join(site.folder, 'theirs');
  const home = join(site.folder, 'home');
  await mkdir(join(home, '.config/ftpsync'), { recursive: true });
  const config = [
    `MIRRORNAME=${MIRROR}`,
    `TO=${to}/`,
    'MAILTO=""',
    'TRACEHOST=leaf-host',
    'RSYNC_HOST=127.0.0.1',
    'RSYNC_PATH=debian',
    `RSYNC_EXTRA="--port=${site.rsyncd.port}"`,
    `ARCH_INCLUDE="${architectures.include.join(' ')}"`,
    `ARCH_EXCLUDE="${architectures.exclude.join(' ')}"`,
  ];
  await writeFile(join(home, '.config/ftpsync/ftpsync.conf'), `${config.join('\n')}\n`);
  await tool(['ftpsync', 'sync:all'], { env: { HOME: home, LOGNAME: 'root' } });
  return to;
}

/** Give what changed a time long past: rsync leaves the time alone where the second is the same. */
async function age(root: string, since: string, to: string): Promise<void> {
  await tool(['find', root, '-newermt', since, '-exec', 'touch', '-h', '-d', to, '{}', '+']);
}

/** Everything that is not a mirror's own: kind, mode, time, number of links, size, target, content. */
async function listing(root: string): Promise<string[]> {
  const format = '%P\\t%y %m %T@ %n %s %l\\n';
  const found = (await tool(['find', root, '-mindepth', '1', '-printf', format])).split('\n');
  const sums = await tool(['find', '.', '-type', 'f', '-exec', 'sha256sum', '{}', '+'], {
    cwd: root,
  });
  const lines = sums.split('\n').filter((line) => line !== '');
  const digests = lines.map((line) => `${line.slice(68)}\t${line.slice(0, 64)}`);
  return (
    [...found, ...digests]
      .filter((line) => line !== '' && !isOwnMetadata(line.split('\t')[0] ?? ''))
      // The size and link count of a folder are the file system's business; project's time is ours.
      .map((line) =>
        line.replace(/\td (\d+) (\S+) .*/, '\td $1 $2').replace(/^(project\td \d+) .*/, '$1'),
      )
      .toSorted()
  );
}

const cases: [string, Architectures][] = [
  ['all architectures', { include: [], exclude: [] }],
  ['some architectures', { include: ['amd64', 'source'], exclude: [] }],
  ['all but one architecture', { include: [], exclude: ['arm64'] }],
];

void describe('against stock ftpsync', { concurrency: 4 }, () => {
  for (const [name, architectures] of cases) {
    void test(`the tree is the one that stock ftpsync makes: ${name}`, { skip }, () =>
      withSite(async (site) => {
        const { up, to } = site;
        await writeFiles(up, {
          ...debianLike(1),
          'dists/trixie/main/binary-amd64/Packages.diff/Index': 'an index of patches',
          'dists/trixie/main/i18n/Translation-en.bz2': 'translations',
          'ls-lR.gz': 'a listing',
          'project/trace/master': 'Sat Nov 21 09:00:00 UTC 2026\nArchive serial: 2026112101\n',
          'project/trace/_hierarchy.mirror': 'hub hub hub-host master\n',
          'project/README': 'about the project',
          'odd/-rf': 'a name like an option',
          'odd/with space, "quotes" and 100%': 'odd',
        });
        await mkdir(join(up, 'empty/folder'), { recursive: true });
        linkSync(
          join(up, 'pool/main/b/beta/beta_1_amd64.deb'),
          join(up, 'pool/main/b/same_amd64.deb'),
        );
        symlinkSync('trixie', join(up, 'dists/stable'));
        symlinkSync('/etc/passwd', join(up, 'out-of-the-tree'));
        chmodSync(join(up, 'README.html'), 0o755);
        const both = async () => {
          const theirs = await ftpsync(site, architectures);
          assert.equal((await site.sync({}, { architectures })).kind, 'committed');
          assert.deepEqual(await listing(to), await listing(theirs));
          return theirs;
        };
        await age(up, '2000-01-01', '2026-11-01');
        await both();
        assert.ok(!existsSync(join(to, 'out-of-the-tree')));

        await writeFiles(up, debianLike(2));
        rmSync(join(up, 'pool/main/b'), { recursive: true });
        rmSync(join(up, 'odd'), { recursive: true });
        await age(up, '2026-11-02', '2026-11-03');
        const theirs = await both();

        const trace = (root: string, file: string) =>
          readFileSync(join(root, 'project/trace', file), 'utf8');
        const [our, their] = [parseTrace(trace(to, MIRROR)), parseTrace(trace(theirs, MIRROR))];
        assert.deepEqual(our.architectures, their.architectures);
        assert.deepEqual(our.architecturesConfiguration, their.architecturesConfiguration);
        assert.equal(our.archiveSerial, their.archiveSerial);
        assert.equal(our.upstreamMirror, their.upstreamMirror);
        assert.equal(our.runningOnHost, their.runningOnHost);
        for (const file of ['_hierarchy', '_hierarchy.mirror', '_traces']) {
          assert.equal(trace(to, file), trace(theirs, file), file);
        }
      }),
    );
  }
});
