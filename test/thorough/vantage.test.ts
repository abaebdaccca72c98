import assert from 'node:assert/strict';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { test, type TestContext } from 'node:test';
import { nameServer } from '../../libs/net/src/fixtures.test.ts';
import { createNetwork, type Network } from '../harness/network.ts';
import { createKeyPair } from '../harness/ssh-keys.ts';
import { waitFor } from '../harness/wait.ts';

interface Told {
  quarantinedAt: string | null;
  quarantineReason: string | null;
  archives: { views: { by: 'master' | 'vantage'; state: string }[] }[];
}

/** The master sees mirrors at the first of these addresses, the other vantage point at the second. */
const [MASTERS, EYES] = ['127.0.0.1', '127.0.0.2'];
const RIGHT = 'Suite: stable, signed\n';

void test('an agent that is asked looks too: quarantine by quorum, half-open return, and no word of one that is asked no longer', async (t) => {
  const network = await createNetwork({ leavesPerHub: 0 });
  const { master } = network;
  const [eye] = network.hubs;
  if (eye === undefined) throw new Error('There is no hub.');
  try {
    const tree = network.tree('debian');
    await mkdir(join(tree, 'dists'));
    await mkdir(join(tree, 'pool'));
    await writeFile(join(tree, 'dists/InRelease'), RIGHT);
    await writeFile(join(tree, 'pool/a.deb'), 'a package');
    const servers = [await nameServer(t, () => [MASTERS]), await nameServer(t, () => [EYES])];
    await master.configure((settings) => {
      const allow = { allow_addresses: ['127.0.0.0/8'], name_servers: [servers[0]] };
      Object.assign(settings, { registration: allow, probe: { interval: '2s', deadline: '5s' } });
    });
    await eye.configure((settings) => {
      const vantage = { allow_addresses: ['127.0.0.0/8'], name_servers: [servers[1]] };
      Object.assign(settings, { vantage });
    });
    await master.service.restart();
    await master.publish('debian');
    const good = await addMirror(t, network, 'good.example', []);
    const asked = await master.command('mirror', 'vantage', eye.name, 'on');
    assert.equal(asked.code, 0, asked.stderr);
    await eye.service.start();

    const told = (name: string) => master.api<Told>(`/v1/public/mirrors/${name}`);
    const views = async (name: string) =>
      Object.fromEntries(
        (await told(name)).archives.flatMap((one) => one.views.map((v) => [v.by, v.state])),
      );
    await waitFor(async () => (await views('good.example'))['vantage'] === 'fresh', {
      deadlineMs: 40_000,
      describe: 'the agent looks',
    });
    const wrong = await addMirror(t, network, 'wrong.example', [MASTERS, EYES]);
    await addMirror(t, network, 'split.example', [MASTERS]);
    const isOut = async (name: string) => (await told(name)).quarantinedAt !== null;
    const until = (what: string, is: () => Promise<boolean>) =>
      waitFor(is, {
        deadlineMs: 40_000,
        describe: async () =>
          `${what}: ${JSON.stringify([await views('wrong.example'), await views('split.example')])}`,
      });
    const listed = async () => {
      const answer = await fetch(`${master.url}/lists/debian/plain`);
      return answer.status === 200 ? (await answer.text()).trim().split('\n').toSorted() : [];
    };

    await until('wrong is out', () => isOut('wrong.example'));
    assert.match((await told('wrong.example')).quarantineReason ?? '', /\(2 of 2 saw it\)$/);
    await until('split was seen by both', async () => {
      const seen = await views('split.example');
      return seen['master'] === 'wrong-content' && seen['vantage'] === 'fresh';
    });
    await looksLater(network, 'split.example', 3);
    assert.equal(await isOut('split.example'), false, 'one of two is no quorum');
    assert.deepEqual(await listed(), [good.url], 'what the master sees wrong is offered to nobody');

    // It mends: good once is not yet good, and nobody is sent there meanwhile.
    wrong.mend();
    await until('wrong is seen right', async () => {
      const seen = await views('wrong.example');
      return seen['master'] === 'fresh' && seen['vantage'] === 'fresh';
    });
    if (await isOut('wrong.example')) {
      const both = await listed();
      const still = await isOut('wrong.example');
      if (still) assert.deepEqual(both, [good.url], 'half open');
    }
    await until('wrong is back', async () => !(await isOut('wrong.example')));
    await waitFor(async () => (await listed()).length === 2, {
      deadlineMs: 15_000,
      describe: async () => `it is offered again: ${JSON.stringify(await listed())}`,
    });

    const ended = await master.command('mirror', 'vantage', eye.name, 'off');
    assert.equal(ended.code, 0, ended.stderr);
    await until('split is out by the word of the only one that looks', () =>
      isOut('split.example'),
    );
    const { entries } = await master.api<{ entries: { action: string; subject: string }[] }>(
      '/v1/audit?limit=1000&order=oldest',
    );
    const steps = entries.filter(({ action }) => /^(quarantine|vantage)/.test(action));
    assert.deepEqual(
      steps.map(({ action, subject }) => `${action} ${subject}`),
      [
        `vantage ${eye.name}`,
        'quarantine wrong.example',
        'quarantine-end wrong.example',
        `vantage ${eye.name}`,
        'quarantine split.example',
      ],
    );
  } catch (error) {
    console.error(network.lastLines(25));
    throw error;
  } finally {
    await network.close();
  }
});

/** A web server of all loopback addresses; at `wrongAt` its index is another one, until it mends. */
async function addMirror(
  t: TestContext,
  { folder, master, tree }: Network,
  name: string,
  wrongAt: readonly string[],
): Promise<{ url: string; mend: () => void }> {
  let wrong = wrongAt;
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent((request.url ?? '/').replace(/\?.*/, '')));
    if (path.endsWith('InRelease') && wrong.includes(request.socket.localAddress ?? '')) {
      response.end('Suite: stable, not signed\n');
      return;
    }
    void readFile(join(folder, name, path)).then(
      (body) => response.end(body),
      () => response.writeHead(404).end(),
    );
  });
  await cp(tree('debian'), join(folder, name), { recursive: true });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://${name}:${port}/`;
  const { publicKey: hostKey } = await createKeyPair(join(folder, `${name}-host-key`));
  const ssh = { host: '127.0.0.1', port: 1, user: 'mirror' };
  await master.api('/v1/mirrors', { name, ssh, hostKey, archives: ['debian'], httpUrl: url });
  return { url, mend: () => (wrong = []) };
}

/** Wait until a mirror has been looked at so many times more. */
async function looksLater({ master }: Network, name: string, more: number): Promise<void> {
  const looks = async () => {
    const path = `/v1/public/mirrors/${name}/sums?archive=debian`;
    const { sums } = await master.api<{ sums: { looks: number }[] }>(path);
    return sums.reduce((sum, one) => sum + one.looks, 0);
  };
  const before = await looks();
  await waitFor(async () => (await looks()) >= before + more, {
    deadlineMs: 30_000,
    describe: `${name} is looked at ${more} times more`,
  });
}
