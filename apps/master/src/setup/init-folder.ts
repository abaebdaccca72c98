import { lstat, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isArchiveName, isMirrorName, parsePublicKey } from '@pushmirror/acl';
import { errnoOf, HostError, run, whyOf } from '@pushmirror/host';
import { MasterError } from '../errors.ts';
import { SIGNED_NAMESPACES } from '../keys/allowed-signers-text.ts';
import { randomToken } from '../registry/tokens.ts';
import { exampleConfig } from './example-config.ts';

export interface InitOptions {
  /** Where everything goes; made when missing. */
  folder: string;
  /** The settings file. */
  config: string;
  network: string;
  name: string;
}

/** The files that were made. */
export interface InitFiles {
  config: string;
  signingKey: string;
  pushKey: string;
  allowedSigners: string;
  adminToken: string;
  state: string;
}

const KEYGEN_DEADLINE_MS = 30_000;
/** Where packages put settings; a database does not belong there. */
const INSTALLED = '/etc/pushmirror';

/** The state's folder for a folder of settings. */
export function stateBeside(folder: string): string {
  return folder === INSTALLED ? '/var/lib/pushmirror-master' : join(folder, 'state');
}

/**
 * Make a master's working folder: the key that signs heads, the key that pushes, who may sign
 * (`allowed_signers`), the administrator's token, and a commented `master.toml`.
 *
 * @throws MasterError `invalid`, or `already-exists`: nothing is ever overwritten.
 * @throws HostError `program-missing` without ssh-keygen.
 */
export async function initFolder(o: InitOptions): Promise<InitFiles> {
  if (!isArchiveName(o.network)) {
    throw new MasterError('invalid', 'The network needs a name of a-z, 0-9 and ._+- (at most 64).');
  }
  if (!isMirrorName(o.name)) {
    throw new MasterError('invalid', 'The name must be a host name in lower case.');
  }
  const files: InitFiles = {
    config: o.config,
    signingKey: join(o.folder, 'signing_key'),
    pushKey: join(o.folder, 'push_key'),
    allowedSigners: join(o.folder, 'allowed_signers'),
    adminToken: join(o.folder, 'admin_token'),
    state: stateBeside(o.folder),
  };
  const { state, ...made } = files;
  await makeFolder(o.folder);
  // The package makes the state's folder, empty.
  await refuseExisting([...Object.values(made), join(state, 'master.sqlite')]);
  await makeFolder(state, 0o700);
  const done: string[] = [];
  try {
    await fill(files, o, done);
  } catch (error) {
    // Or they would be in the way of the next try.
    for (const path of done) await rm(path, { force: true });
    throw error;
  }
  return files;
}

/** Make one file after the other; what was made is in `done`. */
async function fill(files: InitFiles, o: InitOptions, done: string[]): Promise<void> {
  const key = async (path: string, comment: string) => {
    await makeKey(path, comment);
    done.push(path, `${path}.pub`);
  };
  const write = async (path: string, text: string, mode: number) => {
    let isOurs = true;
    try {
      await writeFile(path, text, { flag: 'wx', mode });
    } catch (cause) {
      isOurs = errnoOf(cause) !== 'EEXIST';
      const message = `${path} could not be written (${whyOf(cause)}).`;
      throw new HostError('cannot-write', message, { cause });
    } finally {
      if (isOurs) done.push(path); // As far as the disk had room.
    }
  };
  await key(files.signingKey, `signs heads of ${o.network}`);
  await key(files.pushKey, `pushes for ${o.network}`);
  const signer = parsePublicKey(await readFile(`${files.signingKey}.pub`, 'utf8'));
  // As docs/formats.md has it, so that `ssh-keygen -Y verify -I NETWORK` takes it.
  const signers = `${o.network} namespaces="${SIGNED_NAMESPACES}" ${signer.line}\n`;
  await write(files.allowedSigners, signers, 0o644);
  await write(files.adminToken, `${randomToken()}\n`, 0o600);
  await write(files.config, exampleConfig({ ...o, ...files }), 0o644);
}

async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode });
  } catch (cause) {
    throw new HostError('cannot-write', `${folder} could not be made (${whyOf(cause)}).`, {
      cause,
    });
  }
}

async function refuseExisting(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const found = await lstat(path).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (found === undefined) continue;
    throw new MasterError('already-exists', `${path} is there already. Nothing was changed.`);
  }
}

/** An ed25519 key without a passphrase, as `ssh-keygen` writes it: the private half with mode 0600. */
async function makeKey(path: string, comment: string): Promise<void> {
  const made = await run({
    argv: ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', path],
    deadlineMs: KEYGEN_DEADLINE_MS,
  });
  if (made.code === 0) return;
  throw new HostError('cannot-write', `${path} could not be made: ${made.stderr.trim()}`);
}
