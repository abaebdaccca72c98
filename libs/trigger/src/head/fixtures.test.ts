/** What the tests of this package share; there are no tests in this file. */
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { parsePublicKey } from '@pushmirror/acl';
import fc from 'fast-check';
import { parseAllowedSigners, type AllowedSigner } from './allowed-signers.ts';
import type { Head } from './head.ts';
import type { Hold } from './hold.ts';
import type { SigningKey } from './signing-key.ts';
import { wireString } from './sshsig-blob.ts';

/** A new ed25519 key, in memory only. */
export function newSigningKey(): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const point = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const blob = Buffer.concat([wireString('ssh-ed25519'), wireString(point)]);
  return {
    publicKey: parsePublicKey(`ssh-ed25519 ${blob.toString('base64')}`),
    sign: (data) => sign(null, data, privateKey),
  };
}

/** allowed_signers with one line for each key. */
export function signersOf(...keys: SigningKey[]): AllowedSigner[] {
  const options = 'namespaces="pushmirror-head,pushmirror-hold"';
  const lines = keys.map((key) => `example ${options} ${key.publicKey.line}`);
  return parseAllowedSigners(lines.join('\n'), 'allowed_signers');
}

/** The head of the design's example, or one that differs from it. */
export function exampleHead(different: Partial<Head> = {}): Head {
  return {
    network: 'example',
    archive: 'debian',
    epoch: 1,
    serial: 2026112101,
    manifest: { sha256: '5'.repeat(64), bytes: 4711 },
    issued: new Date('2026-11-21T09:00:00Z'),
    expires: new Date('2026-11-22T09:00:00Z'),
    ...different,
  };
}

/** A hold on that head, or one that differs from it. */
export function exampleHold(different: Partial<Hold> = {}): Hold {
  return {
    network: 'example',
    archive: 'debian',
    epoch: 1,
    serial: 2026112101,
    sequence: 3,
    state: 'held',
    reason: 'The canary does not install.',
    issued: new Date('2026-11-21T09:30:00Z'),
    ...different,
  };
}

/** A time at which the example is valid. */
export const NOW = new Date('2026-11-21T10:00:00Z');

const name = fc
  .stringMatching(/^[a-z0-9][a-z0-9._+-]{0,63}$/)
  .filter((text) => !text.includes('..'));
const positive = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const seconds = { min: 0, max: Date.parse('9999-12-30T00:00:00Z') / 1000 };

/** Any valid head. */
export const anyHead: fc.Arbitrary<Head> = fc
  .record(
    {
      network: name,
      archive: name,
      epoch: positive,
      serial: positive,
      manifest: fc.record(
        { sha256: fc.stringMatching(/^[0-9a-f]{64}$/), bytes: positive },
        { noNullPrototype: true },
      ),
      issued: fc.integer(seconds),
      lifetime: fc.integer({ min: 1, max: 86_000 }),
    },
    { requiredKeys: ['network', 'archive', 'epoch', 'serial', 'issued', 'lifetime'] },
  )
  .map(({ issued, lifetime, ...rest }) => ({
    ...rest,
    issued: new Date(issued * 1000),
    expires: new Date((issued + lifetime) * 1000),
  }));

/** A folder that is gone after the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'pushmirror-trigger-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Run the stock ssh-keygen. */
export function sshKeygen(
  args: readonly string[],
  options: { input?: string | Uint8Array; timezone?: string } = {},
): { ok: boolean; stdout: Buffer; stderr: string } {
  const { input, timezone = 'UTC' } = options;
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', TZ: timezone };
  const ended = spawnSync('ssh-keygen', args, { input: input ?? '', env, timeout: 20_000 });
  if (ended.error !== undefined) throw ended.error;
  return { ok: ended.status === 0, stdout: ended.stdout, stderr: ended.stderr.toString() };
}

/** Make a key file with the stock ssh-keygen, and return its path. */
export function newKeyFile(folder: string, fileName: string, ...args: string[]): string {
  const path = join(folder, fileName);
  const type = args.includes('-t') ? [] : ['-t', 'ed25519'];
  const passphrase = args.includes('-N') ? [] : ['-N', ''];
  const made = sshKeygen(['-q', '-C', 'test', ...type, ...passphrase, ...args, '-f', path]);
  if (!made.ok) throw new Error(made.stderr);
  return path;
}
