import { readFileSync } from 'node:fs';
import { inCidrs } from './cidr.ts';

/**
 * The guard of a module whose users may come from different addresses: a program that the rsync
 * daemon runs before a transfer (rsyncd.conf(5), pre-xfer exec), with the file of who may come from
 * where as its argument: `{"USER":["CIDR",...]}`. It ends with 0 when the transfer may begin.
 */
export function mayComeFrom(file: string, user: string, address: string): boolean {
  const allowed = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  const ranges = Object.hasOwn(allowed, user) ? allowed[user] : undefined;
  if (!Array.isArray(ranges)) return false;
  const six = address.includes(':') && !address.startsWith('::ffff:');
  const family = ranges.map(String).filter((range) => range.includes(':') === six);
  return inCidrs(address, family);
}

const [, program = '', file] = process.argv;
if (/pull-guard\.[jt]s$/.test(program) && file !== undefined) {
  // oxlint-disable-next-line node/no-process-env -- rsync tells its guard who asks only so.
  const { RSYNC_USER_NAME: user = '', RSYNC_HOST_ADDR: address = '' } = process.env;
  if (!mayComeFrom(file, user, address)) {
    process.stderr.write(`${user} may not pull this from ${address}\n`);
    process.exitCode = 1;
  }
}
