import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { freePort, tempFolder, until, writeConfig } from './fixtures.test.ts';
import { letIn, type Told } from './access/let-in.ts';
import { startRsyncDaemon } from './rsync-daemon.ts';
import { loadSettings } from './settings.ts';
import { prepareState, statePaths } from './state/paths.ts';

const root = tempFolder();
let open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.toReversed()) await close();
  open = [];
});

async function newMirror(hosts_allow: string[] = [], told: Told = 'none') {
  const folder = mkdtempSync(join(root, 'mirror-'));
  const port = await freePort();
  const rsyncd = { address: '127.0.0.1', port, hosts_allow };
  const { config } = loadSettings(writeConfig(folder, '/nowhere', { rsyncd }));
  const paths = statePaths(config.state);
  await prepareState(paths);
  const start = async () => {
    assert.ok(config.rsyncd);
    const daemon = await startRsyncDaemon({
      rsyncd: config.rsyncd,
      archives: config.archive,
      paths,
      letIn: letIn(config.archive, [], told),
      onExit: () => {},
    });
    open.push(() => daemon.stop());
    return daemon;
  };
  return { folder, port, paths, start, tree: join(folder, 'srv') };
}

const list = (port: number, module = '') =>
  execFileSync('rsync', [`rsync://127.0.0.1:${port}/${module}`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });

describe('the managed rsync daemon', () => {
  test('serves a module for each archive, without what is not for downstreams', async () => {
    const { port, tree, start } = await newMirror();
    mkdirSync(join(tree, '.~tmp~'), { recursive: true });
    writeFileSync(join(tree, 'Release'), 'x');
    await start();
    assert.match(list(port), /^debian\s+\tArchive debian$/m);
    const files = list(port, 'debian/');
    assert.match(files, /Release/);
    assert.doesNotMatch(files, /~tmp~/);
  });

  test('lets in only the networks that are named', async () => {
    const { port, start } = await newMirror(['192.0.2.0/24']);
    await start();
    assert.throws(() => list(port, 'debian/'));
  });

  test('is gone when it was stopped, with its port', async () => {
    const { port, start } = await newMirror();
    const daemon = await start();
    await daemon.stop();
    assert.throws(() => list(port));
    await start();
  });

  test('a port in use is one sentence', async () => {
    const { port, start } = await newMirror();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    open.push(() => server.close());
    await assert.rejects(start(), /^AgentError: rsyncd: 127\.0\.0\.1 port \d+ is in use already/);
  });

  test('what an agent that was killed left behind is ended, and nothing else is', async () => {
    const { port, paths, start } = await newMirror();
    await (await start()).stop();
    const left = spawn('rsync', ['--daemon', '--no-detach', `--config=${paths.rsyncdConf}`], {
      stdio: 'ignore', // With a socket for its stdin it would think that inetd started it.
    });
    open.push(() => left.kill('SIGKILL'));
    const ended = new Promise((resolve) => left.once('exit', resolve));
    await until('it wrote its pid', () => readPid(paths.rsyncdPid) === left.pid);
    await start();
    await ended;
    assert.match(list(port), /^debian/m);

    // A process of somebody else that has got the number.
    const other = spawn('sleep', ['60']);
    open.push(() => other.kill());
    const third = await newMirror();
    writeFileSync(third.paths.rsyncdPid, `${other.pid}\n`);
    await third.start();
    assert.equal(other.exitCode, null);
    assert.equal(other.signalCode, null);
  });
});

function readPid(path: string): number | undefined {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
