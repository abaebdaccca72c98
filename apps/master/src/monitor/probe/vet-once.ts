import type { AllowedSigner } from '@pushmirror/trigger/head/allowed-signers';
import { vetHead } from '@pushmirror/trigger/receive/vet';
import type { Known } from './verdict.ts';

type Vet = Known['vet'];
type Answer = ReturnType<Vet>;

/** For so long, by the clock of the looks, an answer stands: keys may be withdrawn meanwhile. */
const STANDS_MS = 10_000;
const MOST_KEPT = 256;

/**
 * `vetHead`, asked once for a head that many mirrors show: checking a signature costs more than all
 * the rest of a verdict.
 */
export function createVetOnce(o: {
  network: string;
  signers: () => AllowedSigner[];
}): (archive: string) => Vet {
  const known = new Map<string, { at: number; answer: Answer }>();

  return (archive) => (head, at) => {
    const key = `${archive} ${head.toString('latin1')}`;
    const before = known.get(key);
    const age = at.getTime() - (before?.at ?? -Infinity);
    if (before !== undefined && age >= 0 && age < STANDS_MS && !hasExpired(before.answer, at)) {
      return before.answer;
    }
    const { network, signers } = o;
    const answer = vetHead(head, {
      network,
      archive,
      signers: signers(),
      carries: () => true,
      now: at,
    });
    known.delete(key);
    known.set(key, { at: at.getTime(), answer });
    const [oldest] = known.keys();
    if (known.size > MOST_KEPT && oldest !== undefined) known.delete(oldest);
    return answer;
  };
}

function hasExpired(answer: Answer, at: Date): boolean {
  return answer.verdict === 'vetted' && answer.signed.head.expires <= at;
}
