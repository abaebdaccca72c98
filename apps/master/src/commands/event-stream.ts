import { createEventParser, type ServerEvent } from './event-parser.ts';

/** A master says something every 15 s, if only that it has nothing to say. */
const SILENCE_MS = 45_000;

/** The events of one connection, until it ends; a connection that falls silent is ended. */
export async function* readEvents(
  open: (signal: AbortSignal) => Promise<{ body: AsyncIterable<Uint8Array> }>,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent> {
  const silence = new AbortController();
  const fallenSilent = () => silence.abort(new Error('The master has fallen silent.'));
  let timer = setTimeout(fallenSilent, SILENCE_MS);
  try {
    const { body } = await open(AbortSignal.any([signal, silence.signal]));
    const parse = createEventParser();
    const decoder = new TextDecoder();
    for await (const piece of body) {
      clearTimeout(timer);
      timer = setTimeout(fallenSilent, SILENCE_MS);
      yield* parse(decoder.decode(piece, { stream: true }));
    }
  } finally {
    clearTimeout(timer);
  }
}
