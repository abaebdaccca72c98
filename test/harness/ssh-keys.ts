import { readFile } from 'node:fs/promises';
import { tool } from './tool.ts';

/** A key pair in OpenSSH's own files, made by ssh-keygen. */
export interface KeyPair {
  /** The private key's file. */
  path: string;
  /** `ssh-ed25519 AAAA...`, without a comment. */
  publicKey: string;
}

export async function createKeyPair(path: string): Promise<KeyPair> {
  await tool(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path]);
  return { path, publicKey: (await readFile(`${path}.pub`, 'utf8')).trim() };
}
