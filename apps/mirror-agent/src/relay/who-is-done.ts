import type { MasterClient } from '../master-client.ts';

/** Who is in one of these does not pull, or not for now. */
const DONE = ['staged', 'committed', 'refused', 'given-up', 'superseded', 'unreachable'];
const MOST_PAGES = 60;

/** Those of our downstreams that do not pull a release any more; none when the master is away. */
export async function whoIsDone(
  master: MasterClient | undefined,
  archive: string,
  serial: number,
  upstream: string,
): Promise<string[]> {
  const done: string[] = [];
  let after: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await master?.mirrors({ archive, serial, upstream }, after);
    if (answer?.kind !== 'ok') break;
    for (const { mirror, state } of answer.value.mirrors) {
      if (state !== null && DONE.includes(state)) done.push(mirror);
    }
    after = answer.value.next ?? undefined;
    if (after === undefined) break;
  }
  return done;
}
