import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SignedHead } from '@pushmirror/trigger';
import { tool, tryTool } from './tool.ts';

/**
 * Check a head as any admin can, with stock OpenSSH and none of our code.
 *
 * @returns the principal that signed it; fails when ssh-keygen does.
 */
export async function verifyWithSshKeygen(
  { bytes }: Pick<SignedHead, 'bytes'>,
  allowedSigners: string,
  folder: string,
): Promise<string> {
  const at = bytes.indexOf('-----BEGIN SSH SIGNATURE-----');
  const signature = join(folder, 'head.sig');
  await writeFile(signature, bytes.subarray(at));
  const files = ['-f', allowedSigners, '-s', signature];
  const find = ['ssh-keygen', '-Y', 'find-principals', ...files] as [string, ...string[]];
  const principal = (await tool(find)).trim();
  const verify = ['ssh-keygen', '-Y', 'verify', '-n', 'pushmirror-head', '-I', principal, ...files];
  const result = await tryTool(verify as [string, ...string[]], { stdin: bytes.subarray(0, at) });
  if (result.code !== 0) throw new Error(`${result.stdout}${result.stderr}`);
  return principal;
}
