import { InvalidArgumentError } from 'commander';

/** For commander: `90s`, `10m`, `2h`, `7d`, in milliseconds. */
export function milliseconds(text: string): number {
  const [, digits, unit = ''] = /^(\d{1,6})(s|m|h|d)$/.exec(text) ?? [];
  const size = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit];
  if (digits !== undefined && size !== undefined) return Number(digits) * size;
  throw new InvalidArgumentError('Give a time such as 90s, 10m or 2h.');
}
