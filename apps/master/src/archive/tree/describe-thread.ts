import { parentPort } from 'node:worker_threads';
import { describeTreeHere, type Described, type TreeTask } from './describe-tree.ts';
import { errorSent, type Failed } from './hand-words.ts';
import { ProgressCounter, type DescribeProgress } from './progress.ts';

// The thread in which trees are described, one after the other. See ../describe.ts.
export type DescribeOrder = { do: 'describe'; task: TreeTask } | { do: 'stop' };
export type DescribeReply =
  | { did: 'describe'; described: Described }
  | { did: 'progress'; progress: DescribeProgress }
  | Failed;

let stopping = new AbortController();
parentPort?.on('message', (order: DescribeOrder) => {
  if (order.do === 'stop') stopping.abort();
  else void describe(order.task);
});

async function describe(task: TreeTask): Promise<void> {
  stopping = new AbortController(); // A word that came after the end of the last one is none of ours.
  const progress = new ProgressCounter((now) => send({ did: 'progress', progress: now }));
  try {
    const described = await describeTreeHere(task, progress, stopping.signal);
    send({ did: 'describe', described });
  } catch (error) {
    send(errorSent(error));
  }
}

function send(reply: DescribeReply): void {
  parentPort?.postMessage(reply);
}
