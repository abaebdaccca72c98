// Publishes what it is told to, with the built describeTree, and answers with what it cost.
import { describeTree } from '../../../apps/master/dist/archive/describe.js';

process.on('message', (task) => void publish(task));

async function publish(task) {
  const started = performance.now();
  const before = process.cpuUsage();
  try {
    const { manifest } = await describeTree({
      profile: 'debian',
      network: 'bench',
      archive: 'bench',
      epoch: 1,
      onProgress: () => {},
      signal: new AbortController().signal,
      ...task,
    });
    const { user, system } = process.cpuUsage(before);
    const wall = (performance.now() - started) / 1000;
    const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
    process.send?.({ wall, cpu: (user + system) / 1e6, peakMb, manifest });
  } catch (error) {
    process.send?.({ error: String(error) });
  }
}
