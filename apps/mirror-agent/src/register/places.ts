import { join } from 'node:path';

/** Where packages put settings. Their service may write its state folder, and nothing in /etc. */
const INSTALLED = '/etc/pushmirror';

/** The files that a registration makes, in the folder of the configuration file. */
export function placesIn(folder: string, config: string, state: string | undefined) {
  return {
    folder,
    config,
    state: state ?? (folder === INSTALLED ? '/var/lib/pushmirror' : join(folder, 'state')),
    /** The host key of the agent's own SSH server. */
    hostKey: join(folder, 'ssh_host_key'),
    /** With which a hub pushes. */
    pushKey: join(folder, 'push_key'),
    token: join(folder, 'token'),
    /** With which people manage the mirror. */
    operatorToken: join(folder, 'operator_token'),
    allowedSigners: join(folder, 'allowed_signers'),
    /** A registration that is under way. */
    pending: join(folder, 'registration.json'),
  };
}

export type Places = ReturnType<typeof placesIn>;
