import { isIPv4, isIPv6, type Socket } from 'node:net';

/** Counts connections, in all and by where they come from. */
export interface ConnectionLimits {
  /** Count one more; false when that would be too many. It is uncounted when the socket closes. */
  admit(socket: Socket): boolean;
  count(): number;
}

export function createLimits(most: number, mostPerSource: number): ConnectionLimits {
  const bySource = new Map<string, number>();
  let all = 0;

  return {
    admit(socket) {
      const source = sourceOf(socket.remoteAddress ?? '');
      const fromThere = bySource.get(source) ?? 0;
      if (all >= most || fromThere >= mostPerSource) return false;
      all += 1;
      bySource.set(source, fromThere + 1);
      socket.once('close', () => {
        all -= 1;
        const left = (bySource.get(source) ?? 1) - 1;
        if (left > 0) bySource.set(source, left);
        else bySource.delete(source);
      });
      return true;
    },
    count: () => all,
  };
}

/** An IPv4 address, or the /64 network of an IPv6 address, which one host has all of. */
export function sourceOf(address: string): string {
  const mapped = /^::ffff:([0-9.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined && isIPv4(mapped)) return mapped;
  if (!isIPv6(address)) return address;
  const [left = '', right] = address.split('%', 1)[0]?.split('::') ?? [];
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const zeros = right === undefined ? [] : Array<string>(8 - head.length - tail.length).fill('0');
  return `${[...head, ...zeros, ...tail].slice(0, 4).join(':')}::/64`;
}
