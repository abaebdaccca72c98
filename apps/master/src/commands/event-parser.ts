/** One server-sent event. */
export interface ServerEvent {
  type: string;
  id: string;
  data: string;
}

/** No event of a master is nearly so long. */
const LONGEST = 1024 * 1024;

/**
 * Reads server-sent events piece by piece (HTML standard, "Server-sent events", what a master
 * writes of it: LF, one `data` line each).
 *
 * @throws Error when an event has no end.
 */
export function createEventParser(): (piece: string) => ServerEvent[] {
  let rest = '';
  return (piece) => {
    const blocks = (rest + piece).split('\n\n');
    rest = blocks.pop() ?? '';
    if (rest.length > LONGEST) throw new Error('An event without an end.');
    return blocks.flatMap((block) => parseBlock(block) ?? []);
  };
}

function parseBlock(block: string): ServerEvent | undefined {
  const event: ServerEvent = { type: 'message', id: '', data: '' };
  for (const line of block.split('\n')) {
    const [, field, value = ''] = /^(\w+): ?(.*)$/s.exec(line) ?? [];
    if (field === 'event') event.type = value;
    if (field === 'id') event.id = value;
    if (field === 'data') event.data = value;
  }
  return event.data === '' ? undefined : event; // A comment, or only a field without data.
}
