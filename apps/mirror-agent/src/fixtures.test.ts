import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import {
  readSigningKey,
  signHead,
  signHold,
  type Head,
  type Hold,
  type SignedHead,
  type SignedHold,
} from '@pushmirror/trigger';
import { stringify } from 'smol-toml';

/** What the tests of this app share. A folder that goes when the tests of a file are done. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'agent-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A key pair as ssh-keygen makes it. @returns the public key line, without its comment. */
export function makeKey(path: string, ...options: string[]): string {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', ...options, '-f', path]);
  return readFileSync(`${path}.pub`, 'utf8').trim();
}

/** A network called "net" with a signer, whose heads an allowed_signers file vouches for. */
export function makeNetwork(folder: string) {
  const publicKey = makeKey(join(folder, 'signer'));
  const allowedSigners = join(folder, 'allowed_signers');
  writeFileSync(
    allowedSigners,
    `release@net namespaces="pushmirror-head,pushmirror-hold" ${publicKey}\n`,
  );
  const key = readSigningKey(join(folder, 'signer'));
  return {
    allowedSigners,
    head(serial: number, change: Partial<Head> = {}): SignedHead {
      const issued = new Date(Math.floor(Date.now() / 1000) * 1000);
      const expires = new Date(issued.getTime() + 86_400_000);
      const head = { network: 'net', archive: 'debian', epoch: 1, serial, issued, expires };
      return signHead({ ...head, ...change }, key);
    },
    hold(serial: number, sequence: number, state: Hold['state'], reason?: string): SignedHold {
      const about = { network: 'net', archive: 'debian', epoch: 1, serial, sequence, state };
      const why = reason === undefined ? {} : { reason };
      return signHold({ ...about, ...why, issued: new Date() }, key);
    },
  };
}

/** Write a configuration file for a mirror of "net" and give its path. */
export function writeConfig(
  folder: string,
  allowedSigners: string,
  settings: Record<string, unknown> = {},
): string {
  const path = join(folder, 'mirror-agent.toml');
  const text = stringify({
    name: 'leaf',
    network: 'net',
    state: join(folder, 'state'),
    allowed_signers: allowedSigners,
    archive: [
      {
        name: 'debian',
        to: join(folder, 'srv'),
        upstream: 'rsync://127.0.0.1:1/debian',
        min_free: '1M',
      },
    ],
    ...settings,
  });
  writeFileSync(path, text);
  return path;
}

export function writeSecret(path: string, text: string): string {
  writeFileSync(path, text);
  chmodSync(path, 0o600);
  return path;
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Wait until something is so, looking often; a test that waits longer has failed. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  deadlineMs = 10_000,
): Promise<void> {
  const giveUpAt = performance.now() + deadlineMs;
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error(`timed out: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
