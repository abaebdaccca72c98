import type { StockSettings } from '../downstream.ts';
import type { Push, PushNews } from '../fan-out/push.ts';
import type { SignedHead } from '../head/head.ts';
import { formatTrigger, type TriggerWord } from './trigger.ts';

/**
 * The command for a stock ftpsync mirror: what runmirrors would send, and the token, which it
 * ignores. The archive goes by the mirror's own name for it. `mhop` goes with stage 1 only, as in
 * runmirrors: a hub that has staged passes that on before it answers.
 */
export function formatStockTrigger(
  archive: string,
  word: 'all' | 'stage1' | 'stage2',
  head: Pick<SignedHead, 'bytes'>,
  { push, callback, names }: StockSettings,
): string {
  const words: TriggerWord[] = [word];
  if (push === 'mhop' && word === 'stage1') words.push('mhop');
  if (callback && word !== 'stage1') words.push('callback');
  const name = Object.hasOwn(names, archive) ? names[archive] : archive;
  return formatTrigger({
    words,
    head,
    ...(name === undefined || name === '' ? {} : { archive: name }),
  });
}

/**
 * Whether a stock mirror has staged: its ftpsync ends with 0 when stage 1 is done, and with something
 * else when it is not.
 */
export function hasStaged({ target, command }: Push, { state, exitCode }: PushNews): boolean {
  const staging = command.split(' ').includes('sync:stage1');
  return target.kind === 'ftpsync' && staging && state === 'accepted' && exitCode === 0;
}
