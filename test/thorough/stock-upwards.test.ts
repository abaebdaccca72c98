import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { renderRsyncdConf } from '@pushmirror/acl';
import { stringify } from 'smol-toml';
import { createAgent, type Agent } from '../harness/agent.ts';
import { agentProgram, appArgv } from '../harness/app.ts';
import { compareTrees } from '../harness/compare-trees.ts';
import { endLeftovers } from '../harness/leftovers.ts';
import { answers, freePort } from '../harness/ports.ts';
import { createService, type Service } from '../harness/service.ts';
import { ssh } from '../harness/ssh-client.ts';
import { createKeyPair, type KeyPair } from '../harness/ssh-keys.ts';
import { createSshd, type Sshd } from '../harness/sshd.ts';
import { createStockHost, isFtpsyncInstalled, type StockHost } from '../harness/stock-host.ts';
import { tempFolder } from '../harness/temp-folder.ts';
import { tool } from '../harness/tool.ts';
import { waitFor } from '../harness/wait.ts';

/** The marks of the two mirrors. */
const isAtWork = (at: string) =>
  ['agent', 'stock'].some((name) =>
    existsSync(join(at, `Archive-Update-in-Progress-${name}.example.org`)),
  );

const OWN = /^(project\/(trace|pushmirror)|Archive-Update)/;

/** An archive with a plain rsync daemon and stock runmirrors; an agent and a stock mirror below it. */
void describe('an agent below stock runmirrors', { skip: !isFtpsyncInstalled() }, () => {
  let folder: string;
  let tree: string;
  let clean: () => Promise<void>;
  let key: KeyPair;
  let agent: Agent;
  let sshd: Sshd;
  let rsyncd: Service;
  let stock: StockHost;
  /** Where the agent calls back to, and what it said there. */
  let caller: Sshd;
  const calls = () => readFile(join(folder, 'calls'), 'utf8').catch(() => '');

  const release = async (name: string) => {
    await writeFile(join(tree, `pool/${name}.deb`), `content of ${name}`);
    await writeFile(join(tree, 'dists/stable/Release'), name);
    await writeFile(
      join(tree, 'project/trace/master'),
      `Archive serial: 202611210${name.length}\n`,
    );
  };
  const releaseOf = (at: string) =>
    readFile(join(at, 'dists/stable/Release'), 'utf8').catch(() => undefined);
  const push = (command: string) => {
    const { port, user, hostKey } = sshd;
    return ssh({ port, user, hostKey, identity: key.path, folder }, command);
  };
  const differences = async (at: string) =>
    (await compareTrees(tree, at)).filter((line) => !OWN.test(line.replace(/^\S+ /, '')));
  const untilServed = (at: string, name: string) =>
    waitFor(async () => (await releaseOf(at)) === name && !isAtWork(at), {
      deadlineMs: 60_000,
      describe: async () => `${at} serves ${await releaseOf(at)}\n${agent.service.lastLines(20)}`,
    });
  /** What the stock script does with lines of runmirrors.mirror. */
  const runmirrors = async (...lines: string[]) => {
    const home = join(folder, 'runmirrors');
    await mkdir(join(home, '.config/ftpsync'), { recursive: true });
    const mirrors = join(home, '.config/ftpsync/runmirrors.mirror');
    await writeFile(mirrors, lines.map((line) => `${line}\n`).join(''));
    const settings = [
      'MAILTO=""',
      `BASEDIR=${home}`,
      `KEYFILE=${key.path}`,
      'PUSHDELAY=60',
      `SSH_OPTS="-oStrictHostKeyChecking=no -oUserKnownHostsFile=${home}/known_hosts"`,
    ];
    await writeFile(join(home, '.config/ftpsync/runmirrors.conf'), `${settings.join('\n')}\n`);
    await tool(['runmirrors'], { env: { HOME: home, LOGNAME: 'root' } });
    return {
      logOf: (name: string) => readFile(join(home, `.local/log/ftpsync/${name}.log`), 'utf8'),
    };
  };

  before(async () => {
    const temp = await tempFolder('up');
    folder = temp.path;
    clean = () => temp.remove();
    tree = join(folder, 'tree');
    for (const path of ['pool', 'dists/stable', 'project/trace']) {
      await mkdir(join(tree, path), { recursive: true });
    }
    await release('a');
    key = await createKeyPair(join(folder, 'runmirrors_key'));
    const port = await freePort();
    const conf = join(folder, 'rsyncd.conf');
    const modules = [{ name: 'debian', path: tree }];
    await writeFile(conf, renderRsyncdConf({ address: '127.0.0.1', port, modules }));
    rsyncd = createService({
      name: 'rsyncd',
      argv: ['rsync', '--daemon', '--no-detach', `--config=${conf}`],
      logFile: join(folder, 'rsyncd.log'),
      ready: () => answers(port),
    });
    await rsyncd.start();
    caller = await createSshd(join(folder, 'caller'));
    const own = await createKeyPair(join(folder, 'callback_key'));
    const words = `echo \\"$SSH_ORIGINAL_COMMAND\\" >> ${folder}/calls`;
    await caller.authorize([`command="${words}",restrict ${own.publicKey}`]);
    await caller.service.start();
    const known = join(folder, 'callback_known_hosts');
    await writeFile(known, `[127.0.0.1]:${caller.port} ${caller.hostKey}\n`);
    const { port: at, user } = caller;
    const callback = { host: '127.0.0.1', port: at, user, key: own.path, known_hosts: known };
    const settings = { upstream_busy: { wait: '1s', retries: 3 }, callback };
    agent = await createAgent({
      name: 'agent.example.org',
      folder: join(folder, 'agent'),
      hub: false,
      archives: ['debian'],
      archiveSettings: settings,
    });
    await agent.install({
      token: 'none',
      agentConfig: stringify({
        name: 'agent.example.org',
        network: 'example',
        peer: [{ name: 'upstream', key: key.publicKey }],
        archive: [{ name: 'debian', upstream: `rsync://127.0.0.1:${port}/debian`, fallbacks: [] }],
      }),
      authorizedKeys: '',
      allowedSigners: `nobody ${key.publicKey}\n`,
    });
    await agent.configure((all) => {
      delete all['master'];
      delete all['ssh_server'];
    });
    sshd = await createSshd(join(folder, 'sshd'));
    const receive = [...appArgv(agentProgram), 'receive', '--config', agent.config];
    await sshd.authorize([
      `command="${receive.join(' ')} --peer upstream",restrict ${key.publicKey}`,
    ]);
    await sshd.service.start();
    await agent.service.start();
    await untilServed(agent.tree('debian'), 'a');
    stock = await createStockHost({
      name: 'stock.example.org',
      folder: join(folder, 'stock'),
      rsyncPort: port,
    });
    await stock.authorize([key.publicKey]);
    await stock.start();
  });
  after(async () => {
    for (const one of [agent?.service, sshd?.service, caller?.service, stock, rsyncd])
      await one?.stop();
    endLeftovers(folder);
    await clean?.();
  });

  void test('a plain push makes it sync from any rsync daemon', async () => {
    await release('bb');
    const { logOf } = await runmirrors(`all agent 127.0.0.1 ${sshd.user} -p ${sshd.port}`);
    await untilServed(agent.tree('debian'), 'bb');
    assert.deepEqual(await differences(agent.tree('debian')), []);
    assert.match(await logOf('agent'), /"result":"accepted"/);
  });

  void test('stage 1 is answered when it is done and shows nothing; stage 2 shows it', async () => {
    await release('ccc');
    const first = await push(' sync:archive: sync:stage1');
    assert.deepEqual([first.code, first.stderr], [0, '']);
    assert.match(first.stdout, /This stage is done/);
    assert.equal(existsSync(join(agent.tree('debian'), 'pool/ccc.deb')), true);
    assert.equal(await releaseOf(agent.tree('debian')), 'bb');
    const second = await push(' sync:archive:debian sync:stage2');
    assert.equal(second.code, 0, second.stdout);
    assert.equal(await releaseOf(agent.tree('debian')), 'ccc');
    assert.deepEqual(await differences(agent.tree('debian')), []);
  });

  void test('a stage 2 push during stage 1 is not lost', async () => {
    await release('dddd');
    const [first, second] = await Promise.all([
      push('sync:archive: sync:stage1'),
      delay(300).then(() => push('sync:archive: sync:stage2')),
    ]);
    assert.deepEqual([first.code, second.code], [0, 0], `${first.stdout}${second.stdout}`);
    assert.equal(await releaseOf(agent.tree('debian')), 'dddd');
  });

  void test('in staged mode the barrier of runmirrors holds it and a stock mirror together', async () => {
    await release('eeeee');
    const { logOf } = await runmirrors(
      `staged agent 127.0.0.1 ${sshd.user} -p ${sshd.port}`,
      `mhop stock 127.0.0.1 ${stock.sshUser} -p ${stock.sshPort}`,
    );
    await untilServed(agent.tree('debian'), 'eeeee');
    await untilServed(stock.tree, 'eeeee');
    const log = await logOf('agent');
    assert.match(log, /first stage[\s\S]*This stage is done[\s\S]*second stage/);
    await waitFor(async () => (await logOf('agent')).split('This stage is done').length === 3, {
      deadlineMs: 30_000,
      describe: () => logOf('agent'),
    });
    assert.deepEqual(await differences(agent.tree('debian')), []);
    assert.match(stock.log(), /Running stage1[\s\S]*Running stage2[\s\S]*Mirrorsync done/);
  });

  void test('asked to call back, it does so when the sync is done, and only then', async () => {
    assert.equal(await calls(), '');
    await release('callback');
    assert.equal((await push('sync:archive: sync:callback sync:all')).code, 0);
    await waitFor(async () => (await calls()) !== '', {
      deadlineMs: 30_000,
      describe: () => agent.service.lastLines(20),
    });
    assert.equal(await releaseOf(agent.tree('debian')), 'callback');
    assert.equal(await calls(), 'callback:agent.example.org\n');

    await release('callbacks');
    assert.equal((await push('sync:archive: sync:callback sync:stage2')).code, 0);
    await waitFor(async () => (await calls()).split('\n').length === 3, {
      deadlineMs: 30_000,
      describe: () => agent.service.lastLines(20),
    });
    await caller.service.stop();
    await release('nobody is there');
    assert.equal((await push('sync:archive: sync:callback sync:stage2')).code, 0);
    await waitFor(() => /not called back/.test(agent.service.log()), {
      deadlineMs: 30_000,
      describe: () => agent.service.lastLines(20),
    });
    assert.equal(await releaseOf(agent.tree('debian')), 'nobody is there');

    // A callback is no trigger: it makes nobody sync.
    await release('not pulled');
    const given = await push('callback:below.example.org');
    assert.equal(given.code, 65, given.stdout);
    await delay(1_000);
    assert.equal(await releaseOf(agent.tree('debian')), 'nobody is there');
  });

  void test('it waits for an upstream that is at work, and not for ever', async () => {
    const mark = join(tree, 'Archive-Update-in-Progress-ftp.example.org');
    await release('ffffff');
    await writeFile(mark, '');
    const waiting = push('sync:archive: sync:stage2');
    await delay(2_500);
    assert.notEqual(await releaseOf(agent.tree('debian')), 'ffffff');
    await rm(mark);
    assert.equal((await waiting).code, 0);
    assert.equal(await releaseOf(agent.tree('debian')), 'ffffff');

    await release('ggggggg');
    await writeFile(mark, '');
    const given = await push('sync:archive: sync:stage2');
    assert.equal(given.code, 75, given.stdout);
    assert.notEqual(await releaseOf(agent.tree('debian')), 'ggggggg');
    await rm(mark);
    assert.equal((await push('sync:archive: sync:stage2')).code, 0);
    assert.equal(await releaseOf(agent.tree('debian')), 'ggggggg');
  });

  void test('words without a signature do not make it ask its upstream again and again', async () => {
    const connections = () => rsyncd.log().split('connect from').length;
    const before = connections();
    const replies = await Promise.all(
      Array.from({ length: 12 }, () => push('sync:archive:debian sync:all')),
    );
    assert.equal(replies.filter(({ stdout }) => stdout.includes('"duplicate"')).length > 5, true);
    assert.equal(connections() - before <= 3, true, `${connections() - before} connections`);
    assert.equal((await push('sync:archive:other sync:all')).code, 77);
  });
});
