import { existsSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { verifyChain, type Anchor, type ChainedEntry } from '../audit/chain.ts';
import { auditEntrySchema } from '../http/routes/audit-schema.ts';
import { allEntries, entriesIn } from './audit-entries.ts';
import { createClient } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { EXIT, Exit, UsageError } from './exit.ts';
import { printable, say, sayJson, sayTable } from './output.ts';
import { wholeNumber } from './parse.ts';

interface ListOptions extends CommonOptions {
  subject?: string;
  action?: string;
  limit: number;
  all?: boolean;
}

interface VerifyOptions extends CommonOptions {
  file?: string;
  anchor?: Anchor;
}

/** `mirror-master audit list|verify` */
export function auditCommand(): Command {
  return new Command('audit')
    .description('who did what: a chain of entries, in which a change shows')
    .addCommand(listCommand())
    .addCommand(verifyCommand());
}

function listCommand(): Command {
  const command = new Command('list')
    .description('show entries, the newest first')
    .option('--subject <name>', 'only about this mirror, archive, token or rule')
    .option('--action <name>', 'only this, such as mirror-approve')
    .option('--limit <number>', 'how many, at most 1000', wholeNumber, 50)
    .option('--all', 'every entry, oldest first; with --json one object a line, to keep elsewhere')
    .addHelpText(
      'after',
      '\nExamples:\n  mirror-master audit list --subject hub1.example.org\n  mirror-master audit list --all --json > audit.ndjson',
    );
  return withCommonOptions(command).action(async (options: ListOptions) => {
    const client = createClient(options);
    if (options.all === true) {
      if (options.subject !== undefined || options.action !== undefined) {
        throw new UsageError('--all is every entry: leave --subject and --action out.');
      }
      for await (const entry of allEntries(client)) {
        if (options.json === true) sayJson(entry);
        else say(inOneLine(entry));
      }
      return;
    }
    const query = new URLSearchParams({ limit: String(options.limit) });
    if (options.subject !== undefined) query.set('subject', options.subject);
    if (options.action !== undefined) query.set('action', options.action);
    const answer = z.object({ entries: z.array(auditEntrySchema) });
    const { entries } = await client.get(`/v1/audit?${query.toString()}`, answer);
    if (options.json === true) return sayJson({ entries });
    sayTable(
      ['entry', 'at', 'who', 'from', 'did', 'to', ''],
      entries.map((entry) =>
        [
          String(entry.sequence),
          entry.at,
          entry.actor,
          entry.origin,
          entry.action,
          entry.subject,
          entry.detail === '{}' ? '' : entry.detail,
        ].map(printable),
      ),
    );
  });
}

function inOneLine({ sequence, at, actor, origin, action, subject, detail }: ChainedEntry): string {
  return printable(`${sequence} ${at} ${actor} ${origin} ${action} ${subject} ${detail}`);
}

function verifyCommand(): Command {
  const command = new Command('verify')
    .description('check the chain; exit code 1 names the first entry that is not what it was')
    .option('--file <file>', 'of a file that audit list --all --json wrote')
    .option(
      '--anchor <entry:digest>',
      'where the chain ended once, as this command printed it: it must still hold that entry',
      anchorOf,
    )
    .addHelpText(
      'after',
      '\nWrite down the last line somewhere else: with --anchor it shows later whether entries were\ntaken off, or the whole chain was made anew.\n\nExample:\n  mirror-master audit verify --anchor 120:5f0c...',
    );
  return withCommonOptions(command).action(async (options: VerifyOptions) => {
    const { file } = options;
    if (file !== undefined && !existsSync(file)) throw new UsageError(`${file} does not exist.`);
    const entries = file === undefined ? allEntries(createClient(options)) : entriesIn(file);
    const verdict = await verifyChain(entries, options.anchor);
    if (options.json === true) sayJson(verdict);
    else if (verdict.ok) {
      say(`All ${verdict.entries} entries are as they were written.`);
      if (verdict.last !== undefined) say(`${verdict.last.sequence}:${verdict.last.digest}`);
    } else say(`The chain is broken: ${verdict.reason}`);
    if (!verdict.ok) throw new Exit(EXIT.failed);
  });
}

function anchorOf(text: string): Anchor {
  const [, sequence, digest] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (sequence !== undefined && digest !== undefined) return { sequence: Number(sequence), digest };
  throw new InvalidArgumentError('Give the last line of an earlier audit verify.');
}
