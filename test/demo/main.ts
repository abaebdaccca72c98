import { createLiveTable } from './live-table.ts';
import { runDemo } from './run-demo.ts';

const usage = `Usage: scripts/demo [--once]

A master, two hubs and six leaves on this machine publish two releases of a small Debian archive.
  --once  end when every mirror serves the second release byte for byte; the last line is JSON
Without it everything stays up, with a status page, until Ctrl-C.
`;

/** The whole demo may take this long; with --once that includes the end. */
const LONGEST_MS = 240_000;

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help') || args.includes('-h')) return void process.stdout.write(usage);
  const unknown = args.find((arg) => arg !== '--once');
  if (unknown !== undefined) {
    process.stderr.write(`Unknown argument ${unknown}.\n${usage}`);
    process.exitCode = 2;
    return;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // A second Ctrl-C changes nothing: ending takes a second or two, and leaves nothing behind.
    process.on(signal, () => stop.abort(signal));
  }
  const late = setTimeout(() => stop.abort('deadline'), LONGEST_MS);
  process.exitCode = await runDemo({
    once: args.includes('--once'),
    say: (line) => void process.stdout.write(`${line}\n`),
    table: createLiveTable(process.stdout),
    signal: stop.signal,
    onUp: () => clearTimeout(late),
  });
  clearTimeout(late);
}
