import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fencedBlocks } from '../docs/markdown.ts';
import { runDocument } from '../docs/run-document.ts';
import { commandOf, firstTable, situations, words } from '../docs/situations.ts';
import { waitFor } from '../harness/wait.ts';
import { canHaveWorld, createWorld, type World } from '../docs/world.ts';

const root = resolve(import.meta.dirname, '../..');
const possible = await canHaveWorld();

/**
 * What stands for something else in the documents' network, and why. Each writes down that it was
 * called (test/docs/shims): one that no document needs any more fails the test.
 */
const substitutes: Record<string, string> = {
  apt: 'there is no network; scripts/package-check installs the packages themselves',
  systemctl: 'nothing boots these hosts; it runs what the units say, as the user that they say',
};

/** README and the three documents, done word by word, in this order, on hosts of their own. */
void describe(
  'the documents are true',
  { skip: !possible && 'this needs root and namespaces' },
  () => {
    let world: World;
    const said: string[] = [];
    /** What readers get from elsewhere. */
    const given: Record<string, () => Promise<string>> = {
      'token revoke ID': async () =>
        `token revoke ${/pmt_([0-9a-f]+)_/.exec(said.at(-1) ?? '')?.[1]}`,
      'ssh-ed25519 AAAA...': async () =>
        (await on('ftp.example.org', "cut -d' ' -f1,2 /etc/pushmirror/signing_key.pub")).trim(),
      // Some minutes later: an agent asks for its rules when it starts, too.
      'mirror-master acl check': async () => {
        await on('leaf1.example.org', 'systemctl restart mirror-agent');
        return waitFor(
          async () =>
            (await world.host('ftp.example.org').run('mirror-master acl check')).code === 0 &&
            'mirror-master acl check',
          { deadlineMs: 60_000, everyMs: 2_000, describe: 'all mirrors have the newest rules' },
        );
      },
      // Its host key has changed, and the master has met the new one.
      'leaf1.example.org SHA256:...': async () => {
        await on('leaf1.example.org', newHostKey);
        // The connection that it keeps open to it knows the old one.
        await on(
          'ftp.example.org',
          'systemctl restart mirror-master; mirror-master publish debian',
        );
        const list = () => on('ftp.example.org', 'mirror-master key list');
        await waitFor(async () => /leaf1\.example\.org\s+SHA256:\S+\s+held/.test(await list()), {
          deadlineMs: 40_000,
          everyMs: 1_000,
          describe: list,
        });
        return `leaf1.example.org ${await fingerprint()}`;
      },
      '1a2b3c4d:ABCD2345': () => {
        const mails = () => on('ftp.example.org', 'cat /var/mail/all');
        return waitFor(
          async () => /--confirm (\w+:\w+)/.exec((await mails()).replaceAll(/=\r?\n/g, ''))?.[1],
          { deadlineMs: 30_000, everyMs: 500, describe: mails },
        );
      },
    };
    const fingerprint = async () =>
      / (SHA256:\S+) /.exec(
        await on('leaf1.example.org', 'ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub'),
      )?.[1];
    const on = async (host: string, text: string) => {
      const { code, stdout, stderr } = await world.host(host).run(`set -e\n${text}`);
      assert.equal(code, 0, `${text}: ${stdout}${stderr}`);
      return stdout;
    };
    const read = (name: string) => readFile(join(root, name), 'utf8');

    /** Every command of the document is run. */
    async function follow(name: string, host: string): Promise<void> {
      const markdown = await read(name);
      const ran = await runDocument(markdown, { name, world, host, said, given });
      const commands = fencedBlocks(markdown).filter(
        // A program that is written to a file is run by what calls it.
        ({ language, notes }) => language === 'sh' && notes['file'] === undefined,
      );
      assert.deepEqual(
        ran.map(({ line }) => line),
        commands.map(({ line }) => line),
      );
      assert.equal(ran.length > 3, true, `${name} has commands`);
    }

    before(async () => {
      world = await createWorld([
        { names: ['ftp.example.org', 'push.example.org'], proxyTo: 8470 },
        { names: ['hub1.example.org', 'chat.example.org'] },
        { names: ['mirror.example.org', 'new.example.org', 'rsync.example.org'] },
        { names: ['leaf1.example.org'] },
        { names: ['stock.example.org'] },
      ]);
      await on('ftp.example.org', makeArchive);
    });
    after(() => world?.close());

    void test('README.md: five minutes to a running tree', async () => {
      await follow('README.md', 'ftp.example.org');
      const tree = (host: string) =>
        on(host, 'cd /srv/mirrors/debian && find pool dists -type f | sort | xargs sha256sum');
      assert.equal(await tree('hub1.example.org'), await tree('ftp.example.org'));
    });

    void test('docs/operators.md: from nothing to a served mirror, day by day, and from ftpsync', async () => {
      await on('ftp.example.org', moreArchives);
      await on('stock.example.org', ftpsyncConf);
      await on('mirror.example.org', stockUpstream);
      said.push(
        await on('ftp.example.org', 'mirror-master mirror invite; mirror-master mirror invite'),
      );
      await follow('docs/operators.md', 'mirror.example.org');
    });

    void test('docs/release-managers.md: archives and their tools, publishing, waves, halt', async () => {
      await on('ftp.example.org', package1);
      await on('stock.example.org', 'systemctl start ssh');
      await on('ftp.example.org', runmirrorsFiles);
      await follow('docs/release-managers.md', 'ftp.example.org');
      assert.match(
        await on('ftp.example.org', 'cat /srv/mirrors/example/dists/stable/Release'),
        /amd64/,
      );
      // Nobody sets the agent up there: it would be behind with its rules.
      const remove = 'mirror-master mirror remove stock.example.org --reason "not set up"';
      await on('ftp.example.org', remove);
    });

    void test('what to do when: each answer of docs/release-managers.md in its situation', async (t) => {
      const markdown = await read('docs/release-managers.md');
      const told = [];
      for (const { what, answer } of firstTable(markdown)) {
        // Its commands are run below.
        if (answer.includes('(security.md#keys)')) continue;
        const situation = situations[what];
        assert.ok(situation, `How does "${what}" come about? Say so in test/docs/situations.ts`);
        for (const [host, text] of situation.before) await on(host, `${words}\n${text}`);
        const command = commandOf(answer, markdown) ?? '';
        const { code, stdout, stderr } = await world.host('ftp.example.org').run(command);
        assert.equal(code, situation.exit ?? 0, `${what}: ${command}: ${stdout}${stderr}`);
        for (const [host, text] of situation.after) await on(host, `${words}\n${text}`);
        told.push(what);
        t.diagnostic(`${what}: ${command.trim()}`);
      }
      assert.deepEqual(told, Object.keys(situations));
    });

    void test('docs/security.md: rules, keys, checking by hand, recovery', async () => {
      await follow('docs/security.md', 'ftp.example.org');
      const head = await on(
        'hub1.example.org',
        'cat /srv/mirrors/debian/project/pushmirror/Release.head',
      );
      assert.match(head, /^Epoch: 2$/m);
    });

    void test('nothing stands for something that no document says', async () => {
      const calls: string[] = [];
      for (const host of [
        'ftp.example.org',
        'hub1.example.org',
        'mirror.example.org',
        'leaf1.example.org',
      ])
        calls.push(await on(host, 'cat /run/shims 2>/dev/null || true'));
      const called = new Set(
        calls
          .join('')
          .split('\n')
          .map((line) => line.split(' ')[0] ?? ''),
      );
      called.delete('');
      assert.deepEqual([...called].toSorted(), Object.keys(substitutes).toSorted());
    });
  },
);

/** A little of a Debian archive. */
const makeArchive = `
  cd /srv && mkdir -p mirrors/debian/pool/main/h/hello mirrors/debian/dists/stable/main/binary-amd64
  cd mirrors/debian
  head -c 20000 /dev/urandom >pool/main/h/hello/hello_1_amd64.deb
  printf 'Package: hello\\nFilename: pool/main/h/hello/hello_1_amd64.deb\\n' >dists/stable/main/binary-amd64/Packages
  printf 'Suite: stable\\n' >dists/stable/Release
`;

const moreArchives = `
  install -d -o pushmirror -g pushmirror /srv/mirrors/security/project
  mkdir -p /srv/mirrors/security/dists && echo 'Suite: stable-security' >/srv/mirrors/security/dists/Release
  (cd / && exec node /opt/pushmirror/test/docs/mail.mjs /var/mail/all >/dev/null 2>&1) &
  printf '[mail]\\nhost = "127.0.0.1"\\nport = 25\\ntls = "none"\\nfrom = "mirrors@example.org"\\n' >>/etc/pushmirror/master.toml
  systemctl restart mirror-master
  mirror-master archive add security /srv/mirrors/security
  mirror-master publish security
`;

/** As the operator of a stock mirror has it. */
const ftpsyncConf = `
  mkdir -p /etc/ftpsync /srv/mirrors/debian
  cat >/etc/ftpsync/ftpsync.conf <<'END'
MIRRORNAME=stock.example.org
TO=/srv/mirrors/debian/
RSYNC_HOST=rsync.example.org
RSYNC_PATH=debian
MAILTO=\`whoami\`
END
  cat /etc/ftpsync/ftpsync.conf
`;

/** A host with a stock rsync daemon, which knows nothing of us. */
const stockUpstream = `
  mkdir -p /srv/plain/dists/stable /srv/plain/project/trace
  echo 'Suite: stable' >/srv/plain/dists/stable/Release
  date >/srv/plain/project/trace/rsync.example.org
  printf '[debian]\\npath = /srv/plain\\n' >/etc/rsyncd.conf
  rsync --daemon
`;

const package1 = `
  cd "$(mktemp -d)" && mkdir -p hello/DEBIAN /home/archive
  printf '%s\\n' 'Package: hello' 'Version: 1' 'Architecture: all' 'Maintainer: T <t@example.org>' \\
    'Section: misc' 'Priority: optional' 'Description: says hello' >hello/DEBIAN/control
  dpkg-deb --root-owner-group -b hello /home/archive/hello_1_all.deb
  chmod -R a+rX /home/archive
`;

/** As the host has them from before. */
const runmirrorsFiles = `
  mkdir -p /etc/ftpsync ~/.ssh
  printf '%s\\n' '# our mirrors' 'all eu.stock stock.example.org archvsync' >/etc/ftpsync/runmirrors.mirror
  ssh-keyscan -t ed25519 stock.example.org >~/.ssh/known_hosts
`;

const newHostKey = `
  rm /etc/ssh/ssh_host_ed25519_key*
  systemctl restart ssh
`;
