// A mirror's agent as a bench needs it: syncs to the head that it is told of, with what was built,
// and answers with how long that took and how much memory it ever needed.
import { runSync } from '../../../apps/mirror-agent/dist/sync/sync.js';
import { parseHead } from '../../../libs/trigger/dist/index.js';

process.on('message', (task) => void sync(task));

async function sync({ head: bytes, ...settings }) {
  const head = parseHead(Buffer.from(bytes, 'latin1'));
  const started = performance.now();
  const result = await runSync({
    ...settings,
    goal: () => head,
    via: 'push',
    now: () => new Date(),
    signal: new AbortController().signal,
    onEvent: () => {},
  });
  const wall = (performance.now() - started) / 1000;
  const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
  const error = result.kind === 'committed' ? undefined : result.reason;
  process.send?.({ wall, peakMb, bytes: result.bytes, error });
}
