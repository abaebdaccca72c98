import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { ChainedEntry } from '../audit/chain.ts';
import { AUDIT_PAGE, auditEntrySchema } from '../http/routes/audit-schema.ts';
import type { Client } from './client.ts';
import { UsageError } from './exit.ts';

const page = z.object({ entries: z.array(auditEntrySchema) });

/** Every entry of the running master, oldest first, a page at a time. */
export async function* allEntries(client: Client): AsyncGenerator<ChainedEntry> {
  let after = 0;
  for (;;) {
    const { entries } = await client.get(
      `/v1/audit?order=oldest&limit=${AUDIT_PAGE}&after=${after}`,
      page,
    );
    yield* entries;
    const last = entries.at(-1);
    if (last === undefined || entries.length < AUDIT_PAGE) return;
    after = last.sequence;
  }
}

/** The entries of a file that `audit list --all --json` wrote. */
export async function* entriesIn(path: string): AsyncGenerator<ChainedEntry> {
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    number += 1;
    if (line === '') continue;
    const entry = auditEntrySchema.safeParse(asJson(line));
    if (!entry.success) throw new UsageError(`${path}:${number} is not an entry of an audit.`);
    yield entry.data;
  }
}

function asJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
