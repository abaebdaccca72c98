import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { agentProgram, appArgv, command } from './harness/app.ts';
import { compareTrees } from './harness/compare-trees.ts';
import { serialOf } from './harness/forge.ts';
import { endLeftovers } from './harness/leftovers.ts';
import { createMaster, type Master } from './harness/master.ts';
import { buildPlainTree } from './harness/plain-tree.ts';
import { answers, freePort } from './harness/ports.ts';
import { createService, type Service } from './harness/service.ts';
import { tempFolder, type TempFolder } from './harness/temp-folder.ts';
import { waitFor } from './harness/wait.ts';

/** A machine on which nothing is set up but a web server over the folder of the mirror to be. */
interface Machine {
  name: string;
  config: string;
  tree: string;
  sshPort: number;
  rsyncPort: number;
  /** `mirror-agent register` with its flags. */
  register(...flags: string[]): ReturnType<typeof command>;
  agent: Service;
}

void describe('a mirror, from nothing to its first committed sync', () => {
  let temp: TempFolder;
  let master: Master;
  let serial = 0;
  const services: Service[] = [];
  const webs: Server[] = [];
  const tree = () => join(temp.path, 'archive');

  before(async () => {
    temp = await tempFolder('register');
    master = await createMaster({ folder: join(temp.path, 'master'), network: 'example' });
    await master.configure((settings) => {
      settings['registration'] = { policy: 'review', allow_addresses: ['127.0.0.0/8'] };
    });
    await master.service.start();
    services.push(master.service);
    await buildPlainTree(tree(), { files: 300 });
    await master.addArchive('debian', tree());
    ({ serial } = await master.publish('debian'));
  });
  after(async () => {
    await Promise.allSettled(services.toReversed().map((service) => service.stop()));
    for (const web of webs) web.close().closeAllConnections();
    endLeftovers(temp.path);
    await temp.remove();
  });

  async function machine(name: string, place = name): Promise<Machine> {
    const folder = join(temp.path, place);
    const to = join(folder, 'srv');
    await mkdir(to, { recursive: true });
    const url = await serveFolder(to);
    const config = join(folder, 'etc', 'mirror-agent.toml');
    const [sshPort, rsyncPort] = [await freePort(), await freePort()];
    const usual = ['--name', name, '--archive', 'debian', '--to', to, '--url', url];
    const ssh = ['--ssh', `127.0.0.1:${sshPort}`, '--ssh-listen', `127.0.0.1:${sshPort}`];
    const about = ['--contact', 'Test <test@example.org>', '--country', 'DE', '--wait', '60s'];
    const args = ['register', '--master', master.url, '--config', config, '--json'];
    const agent = createService({
      name,
      argv: appArgv(agentProgram, 'serve', '--config', config),
      logFile: join(folder, 'agent.log'),
      ready: () => answers(join(folder, 'etc/state/agent.sock')),
    });
    services.push(agent);
    const register = (...flags: string[]) =>
      command(agentProgram, [...args, ...usual, ...ssh, ...about, ...flags], {
        deadlineMs: 90_000,
      });
    return { name, config, tree: to, sshPort, rsyncPort, register, agent };
  }

  async function serveFolder(folder: string): Promise<string> {
    const web = createServer((request, response) => {
      const file = createReadStream(join(folder, new URL(request.url ?? '/', 'http://x').pathname));
      file.on('error', () => response.writeHead(404).end());
      file.pipe(response);
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    webs.push(web);
    return `http://127.0.0.1:${(web.address() as AddressInfo).port}/`;
  }

  const shows = (one: Machine, wanted: number) =>
    waitFor(async () => (await serialOf(one.tree)) === wanted, {
      deadlineMs: 60_000,
      describe: () => `${one.name} shows ${wanted}.\n${one.agent.lastLines(20)}`,
    });
  /** A mirror may have said that it has the release before its hub says that it was told. */
  const pushedOnce = async (mirror: string) => {
    const found = async () =>
      (await master.pushes('debian', serial)).find((push) => push.mirror === mirror);
    return waitFor(
      async () => {
        const push = await found();
        return push?.attempts === 1 ? push : undefined;
      },
      { deadlineMs: 10_000, describe: async () => JSON.stringify(await found()) },
    );
  };
  const invite = async (...flags: string[]) => {
    const made = await master.command('mirror', 'invite', '--json', ...flags);
    return (made.json as { invite: string }).invite;
  };
  const seconds = (t: TestContext, what: string, since: number) =>
    t.diagnostic(`${what}: ${((performance.now() - since) / 1000).toFixed(1)} s`);

  let hub: Machine;
  let leaf: Machine;

  void test('with an invitation it is approved at once, and a hub for others', async (t) => {
    hub = await machine('hub.example.org');
    const text = await invite('--label', 'a friend');
    const started = performance.now();
    const rsync = `127.0.0.1:${hub.rsyncPort}`;
    const flags = ['--invite', text, '--rsync-listen', rsync, '--rsync-url', `rsync://${rsync}`];
    const done = await hub.register(...flags);
    assert.equal(done.code, 0, done.stderr);
    assert.equal((done.json as { state: string }).state, 'approved');
    await hub.agent.start();
    await shows(hub, serial);
    seconds(t, 'from nothing to the first committed sync, by invitation', started);
    assert.deepEqual(await compareTrees(tree(), hub.tree), []);
    const again = await (await machine('third.example.org')).register('--invite', text);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /This invitation does not count/);
  });

  void test('under review it waits for an administrator, and pulls from the hub of its wish', async (t) => {
    leaf = await machine('leaf.example.org');
    const started = performance.now();
    const registering = leaf.register('--upstream', hub.name);
    await waitFor(
      async () => (await master.command('mirror', 'approve', leaf.name, '--json')).code === 0,
      { deadlineMs: 40_000, everyMs: 200, describe: 'its registration is proven and approved' },
    );
    const done = await registering;
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stderr, /Proven\. It waits for an administrator/);
    await leaf.agent.start();
    await shows(leaf, serial);
    seconds(t, 'from nothing to the first committed sync, with a review', started);
    assert.deepEqual(await compareTrees(tree(), leaf.tree), []);
    const drawn = await master.command('mirror', 'list', '--tree');
    assert.match(
      drawn.stdout,
      /^master\n└─ hub\.example\.org  DE\n   └─ leaf\.example\.org  DE\n$/,
    );
  });

  void test('both hear of the next release by push: the keys they were given fit', async () => {
    await writeFile(join(tree(), 'pool/news.bin'), 'news');
    const next = await master.publish('debian', '--wait', '100%', '--timeout', '60s');
    assert.deepEqual(next.mirrors, { total: 2, committed: 2, failed: 0 });
    ({ serial } = next);
    for (const mirror of [hub.name, leaf.name]) {
      const { state, sentAt } = await pushedOnce(mirror);
      assert.deepEqual([state, typeof sentAt], ['committed', 'string']);
    }
  });

  void test('after a lost disk the same name comes back by its URL, with other keys', async () => {
    const before = await readFile(join(leaf.config, '../ssh_host_key.pub'), 'utf8');
    await leaf.agent.stop();
    await rm(join(leaf.config, '..'), { recursive: true });
    await rm(leaf.tree, { recursive: true });
    const done = await leaf.register();
    assert.equal(done.code, 0, done.stderr);
    assert.notEqual(await readFile(join(leaf.config, '../ssh_host_key.pub'), 'utf8'), before);
    await leaf.agent.start();
    await shows(leaf, serial);
    const shown = await master.command('mirror', 'show', leaf.name, '--json');
    assert.equal((shown.json as { upstream: string }).upstream, hub.name);
  });

  void test('moved under another hub, it is pushed by that one and pulls from there, untouched by its operator', async () => {
    const other = await machine('hub2.example.org');
    const rsync = `127.0.0.1:${other.rsyncPort}`;
    const flags = ['--rsync-listen', rsync, '--rsync-url', `rsync://${rsync}`];
    const done = await other.register('--invite', await invite(), ...flags);
    assert.equal(done.code, 0, done.stderr);
    await other.agent.start();
    await shows(other, serial);
    await master.command('mirror', 'move', leaf.name, '--upstream', other.name);
    await writeFile(join(tree(), 'pool/moved.bin'), 'moved');
    ({ serial } = await master.publish('debian', '--wait', '100%', '--timeout', '60s'));
    const push = await pushedOnce(leaf.name);
    assert.deepEqual([push.state, push.sender], ['committed', other.name]);
    const pulledFrom = async () => {
      const { json } = await command(agentProgram, ['status', '--config', leaf.config, '--json']);
      return (json as { archives: { upstream: string }[] }).archives[0]?.upstream;
    };
    assert.equal(await pulledFrom(), `rsync://${rsync}/debian`);

    // A hub that is suspended is nobody's upstream from this moment on: the one above it steps in.
    const suspended = await master.command('mirror', 'suspend', other.name, '--reason', 'a test');
    assert.equal(suspended.code, 0, suspended.stderr);
    await writeFile(join(tree(), 'pool/suspended.bin'), 'suspended');
    ({ serial } = await master.publish('debian', '--wait', '100%', '--timeout', '60s'));
    await shows(leaf, serial);
    assert.equal(await pulledFrom(), `rsync://127.0.0.1:${hub.rsyncPort}/debian`);
    await master.command('mirror', 'remove', other.name, '--reason', 'a test');
    await other.agent.stop();
    const shown = await master.command('mirror', 'show', leaf.name, '--json');
    assert.equal((shown.json as { upstream: string | null }).upstream, hub.name);
  });

  void test('its operator pauses it, changes its address by proof, and leaves, from its own host', async () => {
    const operate = async (...args: string[]) => {
      const done = await command(agentProgram, [...args, '--config', leaf.config, '--json']);
      assert.equal(done.code, 0, done.stderr);
      return done.json;
    };
    assert.deepEqual(await operate('pause', '--reason', 'new disks'), {
      mirror: leaf.name,
      state: 'paused',
    });
    assert.equal((await master.publish('debian', '--wait', '100%')).mirrors.total, 1);
    await operate('resume');
    const moved = await serveFolder(leaf.tree);
    assert.deepEqual(await operate('change', '--url', moved), { mirror: leaf.name, changed: true });
    await operate('maintenance', '--weekly', 'sun', '--at', '02:00', '--for', '4h');
    assert.equal(((await operate('show')) as { httpUrl: string }).httpUrl, moved);
    await master.command('mirror', 'move', leaf.name, '--upstream', 'master');
    assert.match(
      (await master.command('mirror', 'list', '--tree')).stdout,
      /^└─ leaf\.example\.org/m,
    );
    assert.deepEqual(await operate('leave', '--reason', 'the lease has ended'), {
      mirror: leaf.name,
      state: 'left',
    });
    assert.equal((await master.publish('debian', '--wait', '100%')).mirrors.total, 1);
  });

  void test('a stranger with a web server of their own does not get a name that is taken', async () => {
    const stranger = await machine(hub.name, 'stranger');
    const done = await stranger.register('--wait', '1s');
    assert.equal(done.code, 1);
    assert.match(done.stderr, /Public URL: http:.*answers 404/);
    const verdict = await master.command('audit', 'verify', '--json');
    assert.equal((verdict.json as { ok: boolean }).ok, true);
  });
});
