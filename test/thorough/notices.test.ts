import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { SMTPServer } from 'smtp-server';
import type { Agent } from '../harness/agent.ts';
import { serveTree } from '../harness/http-tree.ts';
import { createNetwork, type Network } from '../harness/network.ts';
import { freePort } from '../harness/ports.ts';
import { waitFor } from '../harness/wait.ts';

/** A real SMTP server that can go away and come back, or take a mail and fall silent. */
function createMailServer(t: TestContext, port: number) {
  const mails: { id: string; subject: string; text: string }[] = [];
  let silent = false;
  let server: SMTPServer | undefined;
  const stop = async () => {
    const ending = server;
    server = undefined;
    if (ending !== undefined) await new Promise<void>((resolve) => ending.close(() => resolve()));
  };
  t.after(stop);
  return {
    mails,
    stop,
    fallSilent: (is: boolean) => (silent = is),
    async start() {
      server = new SMTPServer({
        authOptional: true,
        disabledCommands: ['STARTTLS', 'AUTH'],
        closeTimeout: 500,
        onData(stream, _session, done) {
          const chunks: Buffer[] = [];
          stream.on('data', (chunk: Buffer) => chunks.push(chunk));
          stream.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            const head = (name: string) =>
              new RegExp(`^${name}: (.*(?:\r\n[ \t].*)*)`, 'm').exec(text)?.[1] ?? '';
            const plain = text.replaceAll('=\r\n', ''); // As quoted-printable folds lines.
            mails.push({ id: head('Message-ID').trim(), subject: head('Subject'), text: plain });
            if (!silent) done();
          });
        },
      });
      server.on('error', () => {});
      server.listen(port, '127.0.0.1');
      await new Promise<void>((resolve) => server?.server.once('listening', resolve));
      assert.equal((server.server.address() as AddressInfo).port, port);
    },
  };
}

test(
  'a mirror goes stale and comes back: one mail each, over kill -9 before and after they were sent',
  { timeout: 240_000 },
  async (t) => {
    const network = await createNetwork({ hubs: 1, leavesPerHub: 0 });
    t.after(() => network.close());
    const { master } = network;
    const [hub] = network.hubs;
    if (hub === undefined) throw new Error('There is one hub.');
    const web = await serveTree(hub.tree('debian'));
    t.after(() => web.close());
    const port = await freePort();
    const post = createMailServer(t, port);
    await master.configure((settings) => {
      Object.assign(settings, {
        registration: { allow_addresses: ['127.0.0.0/8'] },
        probe: { interval: '1s', deadline: '5s' },
        mail: { host: '127.0.0.1', port, tls: 'none', from: 'push@example.org' },
        notices: { settle: '2s', stale_after: '4s', retry_min: '1s', retry_max: '2s' },
      });
    });
    await network.start();
    await master.service.restart();
    await master.api(`/v1/mirrors/${hub.name}/change`, { httpUrl: `${web.url}/` });
    await post.start();
    await subscribe(network, hub, post.mails);
    await post.stop();
    const outbox = async () => {
      const { stdout } = await master.command('notice', 'outbox', '--json');
      return (
        JSON.parse(stdout) as {
          deliveries: { kind: string; state: string; attempts: number }[];
        }
      ).deliveries;
    };
    const until = (what: string, look: () => Promise<boolean> | boolean) =>
      waitFor(async () => look(), {
        deadlineMs: 60_000,
        everyMs: 250,
        describe: async () =>
          `${what}; ${JSON.stringify(await outbox().catch(String))}\n${network.lastLines(10)}`,
      });
    await master.publish('debian', '--wait', '100%', '--timeout', '60s');
    await hub.service.stop();
    await master.publish('debian');

    await until('the notice is tried in vain', async () =>
      (await outbox()).some(({ kind, state, attempts }) => {
        return kind === 'stale' && state === 'waiting' && attempts > 0;
      }),
    );
    await master.service.kill9();
    await post.start();
    await master.service.start();
    await until('the mail of before the kill arrives', () => post.mails.length > 0);
    assert.match(post.mails[0]?.subject ?? '', /debian is stale/);
    const shown = await hub.command('notices', '--token-file', tokenFile(hub));
    assert.match(shown.stdout, /sent {2}hub1: debian is stale/);

    post.fallSilent(true);
    await hub.service.start();
    await until('the mail of its return was taken', () => post.mails.length > 1);
    await master.service.kill9(); // It never heard that it was.
    post.fallSilent(false);
    await master.service.start();
    await until('it is sent again, and noted', async () =>
      (await outbox()).every(({ state }) => state === 'sent'),
    );
    const told = post.mails.map(({ id, subject }) => [id, /is stale|is back/.exec(subject)?.[0]]);
    const [stale, back] = [post.mails[0]?.id, post.mails[1]?.id];
    assert.notEqual(stale, back);
    assert.deepEqual(told, [
      [stale, 'is stale'],
      [back, 'is back'],
      [back, 'is back'],
    ]);
    assert.match(post.mails[0]?.text ?? '', new RegExp(`Looked at: +${web.url}`));
  },
);

/** As an operator does: ask, read the mail, say the code. */
async function subscribe(
  { master }: Network,
  mirror: Agent,
  mails: { subject: string; text: string }[],
): Promise<void> {
  const made = await master.command(
    'token',
    'create',
    '--role',
    'operator',
    '--label',
    'jane',
    '--mirror',
    mirror.name,
  );
  await writeFile(tokenFile(mirror), made.stdout, { mode: 0o600 });
  const notices = async (...args: string[]) => {
    const ended = await mirror.command('notices', ...args, '--token-file', tokenFile(mirror));
    assert.equal(ended.code, 0, ended.stderr);
    return ended.stdout;
  };
  assert.match(await notices('--mail', 'ops@example.org'), /waits for its code/);
  const said = await waitFor(() => /notices --confirm (\S+)/.exec(mails[0]?.text ?? '')?.[1], {
    deadlineMs: 20_000,
    describe: 'the code was mailed',
  });
  mails.length = 0;
  assert.match(await notices('--confirm', said), /Confirmed/);
}

function tokenFile({ folder }: Agent): string {
  return join(folder, 'operator_token');
}
