import type { Client } from './client.ts';
import { EXIT, Exit } from './exit.ts';
import { followRollout } from './follow-rollout.ts';
import { createLiveBlock } from './live-block.ts';
import { say, sayJson, warn, printable } from './output.ts';
import { createProgress } from './progress.ts';
import { pushesIn, tallyOf, type Picture, type PushView } from './rollout-picture.ts';
import { rolloutLines } from './rollout-lines.ts';
import { hasFailed, heldWords, tallyInWords } from './rollout-words.ts';

/** How a rollout is shown while it goes on. */
interface Show {
  change(picture: Picture, push?: PushView): void;
  lost(sentence: string): void;
  end(picture: Picture): void;
}

/**
 * Show a rollout until every push of it has ended: a picture that is drawn anew on a terminal,
 * plain lines elsewhere, NDJSON when asked.
 *
 * @throws Exit with 3 when some failed; MasterError, RefusedError.
 */
export async function showLive(
  client: Client,
  release: { archive: string; serial: number },
  json: boolean,
): Promise<void> {
  const show = json ? inJson() : process.stdout.isTTY ? onTerminal() : inLines();
  const picture = await followRollout(client, release, {
    signal: new AbortController().signal, // Until the person ends it.
    onChange: (now, push) => show.change(now, push),
    isDone: (now) => tallyOf(pushesIn(now)).open === 0,
    onLost: (sentence) => show.lost(sentence),
  });
  show.end(picture);
  if (pushesIn(picture).some(hasFailed)) throw new Exit(EXIT.someMirrorsFailed);
}

function onTerminal(): Show {
  const block = createLiveBlock(process.stdout);
  const draw = (picture: Picture) => rolloutLines(picture, new Date());
  return {
    change: (picture) => block.show(() => draw(picture)),
    lost: (sentence) => block.line(sentence),
    end: (picture) => block.end(draw(picture)),
  };
}

function inLines(): Show {
  const progress = createProgress(process.stdout);
  const words = (picture: Picture) => {
    const { archive, serial } = picture.rollout;
    return `${archive} ${serial}: ${tallyInWords(pushesIn(picture))}`;
  };
  /** What the rollout as a whole does, when that is news. */
  let turn = '';
  const sayTurn = (picture: Picture) => {
    const { wave, phase, held, waves } = picture.rollout;
    const now = held === null ? `${waves[wave]?.name ?? 'release'}: ${phase}` : heldWords(held);
    if (now !== turn) progress.line(now);
    turn = now;
  };
  return {
    change(picture, push) {
      if (push !== undefined && hasFailed(push)) {
        progress.line(
          `${push.mirror} ${push.state}: ${printable(push.reason ?? 'no reason given')}`,
        );
      }
      if (push === undefined) sayTurn(picture);
      progress.show(words(picture));
    },
    lost: warn,
    end(picture) {
      progress.end();
      say(words(picture));
    },
  };
}

/** A `rollout` line whenever all was read anew, a `push` line for each change, and an `end`. */
function inJson(): Show {
  return {
    change(picture, push) {
      const { archive, serial } = picture.rollout;
      if (push === undefined) sayJson({ type: 'rollout', ...picture.rollout });
      else sayJson({ type: 'push', archive, serial, ...push });
    },
    lost: warn,
    end(picture) {
      const { archive, serial } = picture.rollout;
      sayJson({ type: 'end', archive, serial, mirrors: tallyOf(pushesIn(picture)) });
    },
  };
}
