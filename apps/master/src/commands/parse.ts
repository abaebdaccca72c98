import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { readGoal, type Goal } from '../rollout/goal.ts';
import { UsageError } from './exit.ts';

/** For commander: a whole number of 0 or more. */
export function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a whole number.');
}

/** For commander: `90s`, `5m`, `2h`, `1d`, in milliseconds. */
export function durationMs(text: string): number {
  const [, digits, unit = ''] = /^(\d{1,6})(ms|s|m|h|d)$/.exec(text) ?? [];
  const size = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit];
  if (digits !== undefined && size !== undefined) return Number(digits) * size;
  throw new InvalidArgumentError('Give a time such as 90s, 5m or 2h.');
}

/** For commander: an option that may be given several times, or with commas. */
export function several(text: string, before: string[] = []): string[] {
  return [...before, ...text.split(',').filter((word) => word !== '')];
}

/** For commander: `100%` or `25`. */
export function goal(text: string): Goal {
  const read = readGoal(text);
  if (read !== undefined) return read;
  throw new InvalidArgumentError('Give a share such as 95%, or a number of mirrors.');
}

/** `user@host:port`, `user@host`, `user@[2001:db8::1]:22` */
export function sshEndpoint(text: string): { user: string; host: string; port: number } {
  const form =
    /^(?<user>[^@\s]+)@(?:\[(?<six>[^\]]+)\]|(?<name>[^:\s[\]]+))(?::(?<port>\d{1,5}))?$/;
  const { user, six, name, port = '22' } = form.exec(text)?.groups ?? {};
  const host = six ?? name;
  if (user !== undefined && host !== undefined && Number(port) >= 1 && Number(port) <= 65535) {
    return { user, host, port: Number(port) };
  }
  throw new InvalidArgumentError('Give user@host or user@host:port.');
}

/** A public key that was given as its line, or as a file that holds it. */
export function keyFrom(text: string): string {
  const given = text.trim();
  if (/^(ssh|ecdsa|sk)-\S+ \S/.test(given)) return given;
  try {
    return readFileSync(given, 'utf8').trim();
  } catch (cause) {
    throw new UsageError(`${given} is neither a public key nor a file that holds one.`, { cause });
  }
}
