import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createKeyPair } from '../harness/ssh-keys.ts';
import { answers, freePort } from '../harness/ports.ts';
import { createService } from '../harness/service.ts';
import { tempFolder, type TempFolder } from '../harness/temp-folder.ts';
import { tool, tryTool } from '../harness/tool.ts';

const config = resolve(import.meta.dirname, '../../config');

/** The examples for other programs, as those programs read them. */
void describe('the snippets in config/ for', () => {
  let temp: TempFolder;
  before(async () => {
    temp = await tempFolder('snippets');
  });
  after(() => temp.remove());

  void test('sshd are understood, and leave a peer nothing but its forced command', async () => {
    const { path: hostKey } = await createKeyPair(join(temp.path, 'host_key'));
    const file = join(temp.path, 'sshd_config');
    await writeFile(file, `HostKey ${hostKey}\nInclude ${config}/sshd/pushmirror.conf\n`);
    const sshd = (await tool(['which', 'sshd'], path)).trim();
    assert.equal((await tryTool([sshd, '-t', '-f', file])).stderr, '');
    const who = 'user=pushmirror,host=hub.example.org,addr=192.0.2.1';
    const effective = await tool([sshd, '-T', '-f', file, '-C', who]);
    for (const line of [
      'authenticationmethods publickey',
      'passwordauthentication no',
      'kbdinteractiveauthentication no',
      'permittty no',
      'allowtcpforwarding no',
      'allowagentforwarding no',
      'allowstreamlocalforwarding no',
      'x11forwarding no',
      'permittunnel no',
      'permituserrc no',
    ]) {
      assert.equal(effective.includes(`\n${line}\n`), true, line);
    }
    const other = await tool([sshd, '-T', '-f', file, '-C', who.replace('pushmirror', 'someone')]);
    assert.equal(other.includes('\npermittty yes\n'), true, 'nobody else is touched');
  });

  void test('nginx are understood, and pass on to the port that the master listens on', async () => {
    const file = join(temp.path, 'nginx.conf');
    const snippet = join(config, 'nginx/pushmirror.conf');
    await writeFile(
      file,
      `pid ${temp.path}/pid; error_log stderr; events {} http { access_log off; include ${snippet}; }\n`,
    );
    const { code, stderr } = await tryTool(['nginx', '-t', '-c', file, '-p', temp.path], path);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /warn|emerg/);
    const [, port] =
      /^port = (\d+)/m.exec(await readFile(join(config, 'master.toml'), 'utf8')) ?? [];
    const passed = [...(await readFile(snippet, 'utf8')).matchAll(/proxy_pass .*:(\d+);/g)];
    assert.deepEqual([...new Set(passed.map(([, one]) => one))], [port]);
  });

  void test('rsyncd are understood: a module that can be read, and not written', async (t) => {
    const archive = join(temp.path, 'archive');
    await chmod(temp.path, 0o755);
    await mkdir(archive);
    await writeFile(join(archive, 'file'), 'content');
    const text = await readFile(join(config, 'rsyncd/pushmirror.conf'), 'utf8');
    const file = join(temp.path, 'rsyncd.conf');
    await writeFile(file, text.replace('/srv/mirrors/debian', archive));
    const port = await freePort();
    const daemon = createService({
      name: 'rsyncd',
      argv: ['rsync', '--daemon', '--no-detach', `--config=${file}`, `--port=${port}`],
      logFile: join(temp.path, 'rsyncd.log'),
      ready: () => answers(port),
    });
    await daemon.start();
    t.after(() => daemon.stop());
    const url = `rsync://127.0.0.1:${port}/`;
    assert.match(await tool(['rsync', url]), /^debian\s+The archive$/m);
    await tool(['rsync', '-r', `${url}debian/`, join(temp.path, 'copy')]);
    assert.equal(await readFile(join(temp.path, 'copy/file'), 'utf8'), 'content');
    const written = await tryTool(['rsync', file, `${url}debian/`]);
    assert.match(written.stderr, /module is read only/);
  });
});

/** Both live in sbin, which an ordinary user's PATH does not have. */
const path = { env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` } };
