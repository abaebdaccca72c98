import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseConfig } from '@pushmirror/config';
import { agentConfig } from '../config.ts';
import { fromFtpsync } from './from-ftpsync.ts';
import { renderImported } from './render-imported.ts';
import { toFtpsync } from './to-ftpsync.ts';

const FTPSYNC = '/usr/bin/ftpsync';
const TEXT = `# a mirror
MIRRORNAME=\`hostname -f\`
TO="/srv/mirrors/debian/"
RSYNC_HOST=ftp.example.org
RSYNC_PATH="debian"
RSYNC_USER=box7
RSYNC_PASSWORD='it is $secret'
RSYNC_EXTRA="--port=8730 --ipv4"
INFO_MAINTAINER="Admins <admins@example.org>"
INFO_COUNTRY=DE
ARCH_INCLUDE="amd64 source"
EXCLUDE="--exclude=/doc/ --include=/keep
 --exclude /old"
RSYNC_BW=500
UIPSLEEP=60
HOOK1=/usr/local/bin/before
HOOK4='curl https://example.org | sh'
HUB=true
MAILTO=root
if [ -e /x ]; then TO=/wrong; fi
CALLBACKHOST=up.example.org
CALLBACKKEY=~/.ssh/callback
RSYNC_OPTIONS2="--max-delete=5000 --delay-updates --delete --fuzzy"
`;

const imported = () =>
  fromFtpsync({
    text: TEXT,
    archive: 'debian',
    passwordFile: '/etc/pushmirror/rsync-password-debian',
    known: { HOME: '/home/x' },
    hostname: 'box7.example.org',
  });
const options = {
  from: 'ftpsync.conf',
  network: 'debian',
  state: '/var/lib/pushmirror',
  allowedSigners: '/etc/pushmirror/allowed_signers',
};

void describe('moving in from ftpsync and out again', () => {
  void test('an ftpsync.conf becomes a configuration that the agent takes', () => {
    const config = parseConfig(renderImported(imported(), options), agentConfig, 'it');
    const [archive] = config.archive;
    assert.equal(config.name, 'box7.example.org');
    assert.deepEqual(config.trace, { maintainer: 'Admins <admins@example.org>', country: 'DE' });
    assert.equal(archive?.to, '/srv/mirrors/debian');
    assert.equal(archive?.upstream, 'rsync://box7@ftp.example.org:8730/debian');
    assert.equal(archive?.password_file, '/etc/pushmirror/rsync-password-debian');
    assert.equal(imported().password, 'it is $secret');
    assert.deepEqual(archive?.architectures.include, ['amd64', 'source']);
    assert.deepEqual(archive?.exclude, ['/doc/', '/old']);
    assert.deepEqual(archive?.include, ['/keep']);
    assert.equal(archive?.bandwidth_limit, 500);
    assert.deepEqual(archive?.upstream_busy, { wait: 60_000, retries: 3 });
    assert.deepEqual(archive?.hooks, { hook1: ['/usr/local/bin/before'] });
    const callback = { host: 'up.example.org', user: 'archvsync', key: '/home/x/.ssh/callback' };
    assert.deepEqual(archive?.callback, { ...callback, port: 22 });
    assert.equal(archive?.max_delete, 5_000);
    assert.ok(archive, 'it has an archive');
    const { text } = toFtpsync(config, archive, undefined);
    const back = fromFtpsync({ ...TEXTLESS, text }).archive;
    assert.deepEqual([back.callback, back.max_delete], [callback, 5_000]);
  });

  void test('what is left out is listed with its line and the reason', () => {
    const left = imported().leftOut.map(({ line, what }) => `${line} ${what}`);
    assert.deepEqual(left, [
      '2 MIRRORNAME=`hostname -f`',
      '8 RSYNC_EXTRA',
      '17 HOOK4',
      '18 HUB',
      '19 MAILTO',
      '20 if [ -e /x ]; then TO=/wrong; fi',
      '23 RSYNC_OPTIONS2',
    ]);
    const half = fromFtpsync({ ...TEXTLESS, text: 'CALLBACKHOST=up.example.org\n' });
    assert.equal(half.archive.callback, undefined);
    assert.match(half.leftOut.map(({ why }) => why).join(), /nobody is called back: .*CALLBACKKEY/);
    assert.match(renderImported(imported(), options), /# line 17: HOOK4: it needs a shell/);
  });

  void test('the stock ftpsync runs by what is exported', { skip: !existsSync(FTPSYNC) }, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'pushmirror-move-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const upstream = join(folder, 'upstream');
    for (const path of ['pool', 'doc', 'dists/stable', 'project/trace']) {
      mkdirSync(join(upstream, path), { recursive: true });
    }
    writeFileSync(join(upstream, 'pool/a.deb'), 'a');
    writeFileSync(join(upstream, 'doc/b'), 'b');
    writeFileSync(join(upstream, 'dists/stable/Release'), 'r');
    const marker = join(folder, 'hook');
    const text = [
      'name = "box7.example.org"',
      'network = "example"',
      'state = "/var/lib/pushmirror"',
      'allowed_signers = "/dev/null"',
      `trace = { maintainer = "O'Neil $(touch ${folder}/never)" }`,
      '[[archive]]',
      'name = "debian"',
      `to = "${folder}/mirror"`,
      'upstream = "rsync://127.0.0.1:1/debian"',
      'exclude = ["/doc/", "with blank"]',
      `hooks.hook1 = ["${folder}/before"]`,
      'hooks.hook2 = ["/bin/echo", "x"]',
    ].join('\n');
    const config = parseConfig(text, agentConfig, 'it');
    const [archive] = config.archive;
    assert.ok(archive, 'it has an archive');
    const { text: conf, leftOut } = toFtpsync(config, archive, undefined);
    assert.deepEqual(leftOut, [
      'with blank: ftpsync cannot take a pattern with a blank',
      'hook2: ftpsync takes a program without arguments',
    ]);
    writeFileSync(join(folder, 'before'), `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 });
    mkdirSync(join(folder, '.config/ftpsync'), { recursive: true });
    // Here the tree is a folder of this machine, so that the test needs no daemon.
    const local = `${conf.replace("RSYNC_EXTRA='--port=1'\n", '')}RSYNC_SOURCE=${upstream}/\nMAILTO=""\n`;
    writeFileSync(join(folder, '.config/ftpsync/ftpsync.conf'), local);
    const env = { PATH: process.env['PATH'], HOME: folder, LOGNAME: 'root' };
    const ended = spawnSync('bash', [FTPSYNC], { env, encoding: 'utf8' });
    const log = spawnSync('sh', ['-c', `cat ${folder}/.local/log/ftpsync/*`], { encoding: 'utf8' });
    assert.equal(ended.status, 0, ended.stdout + ended.stderr + log.stdout);
    assert.equal(existsSync(join(folder, 'mirror/pool/a.deb')), true);
    assert.equal(existsSync(join(folder, 'mirror/doc/b')), false);
    assert.equal(existsSync(marker), true);
    assert.equal(existsSync(join(folder, 'never')), false);
    const trace = readFileSync(join(folder, 'mirror/project/trace/box7.example.org'), 'utf8');
    assert.match(trace, /Maintainer: O'Neil \$\(touch/);
    const back = fromFtpsync({ ...TEXTLESS, text: conf });
    assert.deepEqual(back.archive.exclude, ['/doc/']);
    assert.equal(back.archive.upstream, archive.upstream);
  });
});

const TEXTLESS = { archive: 'debian', passwordFile: '/x', known: {}, hostname: 'box7.example.org' };
