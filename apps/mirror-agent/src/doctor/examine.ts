import { readFileSync } from 'node:fs';
import { access, constants, stat, statfs } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { run, within } from '@pushmirror/host';
import { parseAllowedSigners } from '@pushmirror/trigger';
import type { ArchiveConfig } from '../config.ts';
import { askDaemon } from '../control-client.ts';
import { messageOf } from '../errors.ts';
import { loadSettings, type Settings } from '../settings.ts';
import { statePaths } from '../state/paths.ts';
import { lookAtUpstream, parseUpstream } from '../sync/upstream.ts';
import { fault, good, note, type Finding } from './finding.ts';

const SOON_MS = 15_000;
const GOOD_RSYNC = [3, 2, 7];
const MOST_SKEW_MS = 5 * 60_000;

/** Look at an installation from its configuration to its upstreams, changing nothing. */
export async function examine(path: string, signal: AbortSignal): Promise<Finding[]> {
  let settings: Settings;
  try {
    settings = loadSettings(path);
  } catch (error) {
    const mend = 'Correct the file as it says; config/mirror-agent.toml explains every key.';
    return [fault('configuration', messageOf(error), mend), await rsync()];
  }
  const { config } = settings;
  const parts = [
    Promise.resolve([
      good('configuration', `${path} is in order, and so are its keys and secrets`),
    ]),
    rsync().then((one) => [one]),
    folder('state', config.state).then((one) => [one]),
    Promise.resolve([signers(settings)]),
    daemon(settings).then((one) => [one]),
    master(settings, signal),
    Promise.resolve(peers(settings)),
    ...doors(settings),
    ...config.archive.flatMap((archive) => [tree(archive), upstreams(settings, archive, signal)]),
  ];
  return (await Promise.all(parts)).flat();
}

async function rsync(): Promise<Finding> {
  const ended = await run({ argv: ['rsync', '--version'], deadlineMs: SOON_MS }).catch(
    () => undefined,
  );
  const version = /version v?(\d+)\.(\d+)\.(\d+)/.exec(ended?.stdout ?? '');
  if (version === null) {
    return fault('rsync', 'it cannot be run', 'Install it: apt install rsync.');
  }
  const numbers = version.slice(1, 4).map(Number);
  const order = GOOD_RSYNC.map((wanted, i) => (numbers[i] ?? 0) - wanted).find((n) => n !== 0) ?? 0;
  const seen = `version ${numbers.join('.')}`;
  if (order >= 0) return good('rsync', seen);
  return note(
    'rsync',
    seen,
    `Take ${GOOD_RSYNC.join('.')} or later: older ones trust their upstream more.`,
  );
}

async function folder(check: string, path: string): Promise<Finding> {
  try {
    if (!(await stat(path)).isDirectory()) throw new Error('it is no folder');
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return good(check, `${path} can be written`);
  } catch (error) {
    const mend = `Make it, and give it to the agent's user: install -d -o pushmirror -g pushmirror ${path}`;
    return fault(check, `${path}: ${messageOf(error)}`, mend);
  }
}

function signers({ config }: Settings): Finding {
  const check = 'allowed_signers';
  const mend = 'Put there what the network publishes as its allowed_signers.';
  try {
    const file = config.allowed_signers;
    const found = parseAllowedSigners(readFileSync(file, 'utf8'), file);
    if (found.length > 0) return good(check, found.length === 1 ? '1 key' : `${found.length} keys`);
    return note(check, `${file} names nobody: no head will be believed`, mend);
  } catch (error) {
    return fault(check, messageOf(error), mend);
  }
}

async function daemon({ config }: Settings): Promise<Finding> {
  const { socket } = statePaths(config.state);
  try {
    for await (const _ of askDaemon(socket, { op: 'status' }, SOON_MS)) break;
    return good('daemon', 'mirror-agent serve is running');
  } catch (error) {
    return fault('daemon', messageOf(error), 'Start it: systemctl start mirror-agent.');
  }
}

async function master({ config }: Settings, signal: AbortSignal): Promise<Finding[]> {
  if (config.master === undefined) {
    return [note('master', 'none is set', 'Without one, nobody sees where this mirror stands.')];
  }
  const { url } = config.master;
  try {
    const deadline = within(SOON_MS, signal);
    const answer = await fetch(`${url}/healthz`, { signal: deadline });
    if (!answer.ok) throw new Error(`it answers ${answer.status}`);
    const theirs = Date.parse(answer.headers.get('date') ?? '');
    const skew = Math.abs(Date.now() - theirs);
    if (!(skew > MOST_SKEW_MS))
      return [good('master', `${url} answers`), good('clock', 'it agrees with the master’s')];
    const seen = `it differs from the master’s by ${Math.round(skew / 1000)} s`;
    return [
      good('master', `${url} answers`),
      fault('clock', seen, 'Run an NTP client: heads would be refused.'),
    ];
  } catch (error) {
    const seen = `${url}: ${messageOf(error)}`;
    return [
      fault(
        'master',
        seen,
        'Look at the URL, the network and the firewall. Polls go on without it.',
      ),
    ];
  }
}

/** What the agent itself listens on. */
function doors({ config }: Settings): Promise<Finding[]>[] {
  const { ssh_server: ssh, rsyncd } = config;
  const mend = (key: string) =>
    `The agent opens it: look into its log, and whether another program has the port of [${key}].`;
  return [
    ...(ssh === undefined ? [] : [door('SSH server', ssh, mend('ssh_server'))]),
    ...(rsyncd === undefined ? [] : [door('rsync daemon', rsyncd, mend('rsyncd'))]),
  ];
}

async function door(
  check: string,
  { address, port }: { address: string; port: number },
  mend: string,
): Promise<Finding[]> {
  const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
  const why = await greeting(host, port);
  return [
    why === undefined
      ? good(check, `${host}:${port} answers`)
      : fault(check, `${host}:${port}: ${why}`, mend),
  ];
}

/** Both speak first. Undefined when it does, else why not. */
function greeting(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: SOON_MS });
    const end = (why?: string) => {
      socket.destroy();
      resolve(why);
    };
    socket.once('data', () => end());
    socket.once('timeout', () => end('it does not answer in time'));
    socket.once('close', () => end('it hangs up'));
    socket.once('error', (error) => end(error.message));
  });
}

/** Nobody gets in without a key. */
function peers({ config }: Settings): Finding[] {
  if (config.peer.length > 0 || config.master?.follow_tree === true) {
    return [good('peers', `${config.peer.length} may push`)];
  }
  return [
    note('peers', 'nobody may push', 'News comes by polls only. Add a [[peer]] for the upstream.'),
  ];
}

async function tree({ name, to, min_free: free }: ArchiveConfig): Promise<Finding[]> {
  const check = `archive ${name}`;
  const writable = await folder(check, to);
  if (writable.state === 'fault') return [writable];
  const { bavail, bsize } = await statfs(to);
  const left = bavail * bsize;
  if (left >= free) return [writable];
  const seen = `${to} has ${Math.floor(left / 1e6)} MB left`;
  return [
    writable,
    fault(check, seen, 'Make room, or lower min_free: below that nothing is synced.'),
  ];
}

async function upstreams(
  { config }: Settings,
  archive: ArchiveConfig,
  signal: AbortSignal,
): Promise<Finding[]> {
  const urls = [archive.upstream, ...archive.fallbacks];
  return Promise.all(
    urls.map(async (url): Promise<Finding> => {
      const check = `upstream of ${archive.name}`;
      try {
        const deadline = within(SOON_MS, signal);
        const upstream = parseUpstream(url);
        const view = await lookAtUpstream({
          archive,
          mirror: config.name,
          upstream,
          stateDir: tmpdir(), // Nothing of the installation is changed.
          signal: deadline,
        });
        if (view.head !== undefined) return good(check, `${url} shows a head`);
        if (view.archiveSerial !== undefined)
          return good(check, `${url} shows no head: classic sync`);
        const mend =
          'It shows neither a head nor a trace of the master: look whether it is the right module.';
        return note(check, url, mend);
      } catch (error) {
        const mend = 'Look at the URL, the network, the firewall and whether you are let in.';
        return fault(check, messageOf(error), mend);
      }
    }),
  );
}
