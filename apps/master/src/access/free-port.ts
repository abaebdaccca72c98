import { createServer } from 'node:net';
import { errnoOf, HostError } from '@pushmirror/host';

/**
 * Make sure that a port can be listened on, before a program is started that would say it worse.
 *
 * @throws HostError `port-in-use`, also where the address is not ours or the port needs root.
 */
export function checkPortFree(address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause) => reject(portError(address, port, cause)));
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve()));
  });
}

/** The sentence for a port that cannot be listened on. */
export function portError(address: string, port: number, cause: unknown): HostError {
  const where = `Port ${port} on ${address}`;
  const message = {
    EADDRINUSE: `${where} is in use by another program. Stop it, or choose another port.`,
    EADDRNOTAVAIL: `${where} cannot be listened on: ${address} is no address of this host.`,
    EACCES: `${where} needs root's rights. Choose a port above 1023.`,
  }[errnoOf(cause) ?? ''];
  return new HostError(
    'port-in-use',
    message ?? `${where} cannot be listened on (${String(cause)}).`,
    {
      cause,
    },
  );
}
