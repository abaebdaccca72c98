import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';

/**
 * A port of loopback whose connections are never answered, like a host behind a firewall that
 * drops: its process is stopped and its queue is full, so that the kernel drops what else comes.
 */
export async function blackHole(): Promise<{ port: number; close(): void }> {
  const listen = `require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 },
    function () { console.log(this.address().port); })`;
  const listener = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = (await once(listener.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  listener.kill('SIGSTOP');
  const fillers = Array.from({ length: 8 }, () => connect(port, '127.0.0.1'));
  for (const filler of fillers) filler.on('error', () => {});
  await new Promise((resolve) => setTimeout(resolve, 50));
  return {
    port,
    close() {
      for (const filler of fillers) filler.destroy();
      listener.kill('SIGKILL');
    },
  };
}

/** A port of loopback where nothing listens. */
export async function refusingPort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
