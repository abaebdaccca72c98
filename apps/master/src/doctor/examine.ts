import { access, constants, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { readSecret, run, within } from '@pushmirror/host';
import { parseAllowedSigners } from '@pushmirror/trigger/head/allowed-signers';
import { z } from 'zod';
import { readMasterConfig, type MasterConfig } from '../config.ts';
import { localUrl } from '../local-url.ts';
import { mailerOf } from '../notify/mailer.ts';
import { readKeys } from '../setup/keys.ts';

/** What one check found; of a fault, how to mend it. */
export interface Finding {
  check: string;
  state: 'good' | 'fault';
  seen: string;
  mend?: string;
}

const SOON_MS = 10_000;

/** Look at the master's installation, changing nothing. */
export async function examine(path: string): Promise<Finding[]> {
  const settings = await tried('configuration', 'Correct the file as it says.', async () => {
    const config = readMasterConfig(path);
    return { seen: `${path} is in order`, config };
  });
  const { config } = settings;
  const findings = [settings.finding, await rsync()];
  if (config === undefined) return findings;
  const parts = [
    keys(config),
    state(config),
    service(config),
    daemon(config),
    mail(config),
    archives(config),
  ];
  return [...findings, ...(await Promise.all(parts)).flat()];
}

async function keys(config: MasterConfig): Promise<Finding> {
  const mend = 'Restore it from your backup, owned by the master alone: chmod 600.';
  const { finding } = await tried('keys', mend, async () => {
    const found = readKeys(config);
    const signers = parseAllowedSigners(found.readAllowedSigners(), config.allowed_signers);
    const seen = `signing key, push key and admin token can be used; ${signers.length} may sign`;
    return { seen };
  });
  return finding;
}

async function state(config: MasterConfig): Promise<Finding> {
  const mend = `Give it to the master's user: install -d -m 700 -o pushmirror ${config.state}`;
  const { finding } = await tried('state', mend, async () => {
    await access(config.state, constants.R_OK | constants.W_OK);
    const { mode } = await stat(config.state);
    if ((mode & 0o007) !== 0) throw new Error(`${config.state} can be read by everybody`);
    return { seen: `${config.state} can be written, and not be read by everybody` };
  });
  return finding;
}

async function service(config: MasterConfig): Promise<Finding> {
  const url = localUrl(config);
  const { finding } = await tried(
    'service',
    'Start it: systemctl start mirror-master.',
    async () => {
      const answer = await fetch(`${url}/readyz`, { signal: within(SOON_MS) });
      if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
      return { seen: `${url} answers` };
    },
  );
  return finding;
}

/** Each archive's folder, by the list of the running master; without that, the service is the fault. */
async function archives(config: MasterConfig): Promise<Finding[]> {
  const known = await listArchives(config).catch(() => []);
  return Promise.all(
    known.map(async ({ name, path }) => {
      const mend = `Mount it; its files must be readable, and project/ in it be writable, for the master's user.`;
      const { finding } = await tried(`archive ${name}`, mend, async () => {
        await access(path, constants.R_OK | constants.X_OK);
        const own = join(path, 'project');
        await access((await exists(own)) ? own : path, constants.W_OK);
        return { seen: `${path} can be read, and its project/ written` };
      });
      return finding;
    }),
  );
}

async function listArchives(config: MasterConfig) {
  const token = readSecret(config.admin_token_file).toString('utf8').trim();
  const answer = await fetch(`${localUrl(config)}/v1/archives`, {
    headers: { authorization: `Bearer ${token}` },
    signal: within(SOON_MS),
  });
  return archiveList.parse(await answer.json()).archives;
}

const archiveList = z.object({
  archives: z.array(z.object({ name: z.string(), path: z.string() })),
});

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Whether mirrors can pull. */
async function daemon({ rsyncd }: MasterConfig): Promise<Finding> {
  if (rsyncd === undefined) {
    const seen = 'none is set: mirrors pull from a daemon of yours';
    return { check: 'rsync daemon', state: 'good', seen };
  }
  const { address, port } = rsyncd;
  const mend = 'The master starts it: look into its log, and whether the port is taken.';
  const { finding } = await tried('rsync daemon', mend, async () => {
    const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
    await new Promise<void>((resolve, reject) => {
      const socket = connect({ host, port, timeout: SOON_MS });
      socket.once('data', () => resolve(socket.destroy() as never));
      socket.once('timeout', () => reject(new Error(`${host}:${port} does not answer`)));
      socket.once('error', reject);
      socket.once('close', () => reject(new Error(`${host}:${port} hangs up`)));
    });
    return { seen: `${host}:${port} answers` };
  });
  return finding;
}

/** Whether notices can leave by mail. */
async function mail(config: MasterConfig): Promise<Finding> {
  if (config.mail === undefined) {
    return { check: 'mail', state: 'good', seen: 'none is set: notices go to webhooks only' };
  }
  const { host } = config.mail;
  const mend = 'Correct [mail] in the settings, or start the mail server.';
  const { finding } = await tried('mail', mend, async () => {
    const mailer = mailerOf(config);
    try {
      await mailer?.check(within(SOON_MS));
    } finally {
      mailer?.close();
    }
    return { seen: `${host} takes mails from here` };
  });
  return finding;
}

async function rsync(): Promise<Finding> {
  const { finding } = await tried('rsync', 'Install it: apt install rsync.', async () => {
    const ended = await run({ argv: ['rsync', '--version'], deadlineMs: SOON_MS });
    const version = /version v?([\d.]+)/.exec(ended.stdout)?.[1];
    if (version === undefined) throw new Error('it cannot be run');
    return { seen: `version ${version}` };
  });
  return finding;
}

async function tried<T extends { seen: string }>(
  check: string,
  mend: string,
  look: () => Promise<T>,
): Promise<{ finding: Finding } & Partial<T>> {
  try {
    const found = await look();
    return { ...found, finding: { check, state: 'good', seen: found.seen } };
  } catch (error) {
    const seen = error instanceof Error ? error.message : String(error);
    return { finding: { check, state: 'fault', seen, mend } } as { finding: Finding } & Partial<T>;
  }
}
