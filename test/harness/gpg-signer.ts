import { mkdir } from 'node:fs/promises';
import { tool } from './tool.ts';

/** Signs Release files with a throw-away OpenPGP key, as an archive's owner does. */
export interface GpgSigner {
  /** The public key, for `signed-by=`. */
  exportKey(to: string): Promise<void>;
  /** Release -> InRelease. */
  clearSign(file: string, to: string): Promise<void>;
  /** Release -> Release.gpg. */
  detachSign(file: string, to: string): Promise<void>;
  close(): Promise<void>;
}

export async function createSigner(home: string): Promise<GpgSigner> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const gpg = (...args: string[]) =>
    tool([
      'gpg',
      '--homedir',
      home,
      '--batch',
      '--quiet',
      '--yes',
      '--pinentry-mode',
      'loopback',
      '--passphrase',
      '',
      ...args,
    ]);
  await gpg(
    '--quick-generate-key',
    'Pushmirror test archive <archive@example.org>',
    'ed25519',
    'sign',
    'never',
  );
  return {
    exportKey: async (to) => void (await gpg('--armor', '--output', to, '--export')),
    clearSign: async (file, to) => void (await gpg('--output', to, '--clear-sign', file)),
    detachSign: async (file, to) =>
      void (await gpg('--armor', '--output', to, '--detach-sign', file)),
    // gpg starts an agent that would outlive us.
    close: async () => void (await tool(['gpgconf', '--homedir', home, '--kill', 'all'])),
  };
}
