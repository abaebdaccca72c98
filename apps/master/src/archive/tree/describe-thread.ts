import { parentPort, workerData } from 'node:worker_threads';
import { describeTreeHere, type Described, type TreeTask } from './describe-tree.ts';
import { errorSent, type Failed } from './hand-words.ts';
import { ProgressCounter, type DescribeProgress } from './progress.ts';

// The thread in which a tree is described. See ../describe.ts.
export type DescribeReply =
  | { did: 'describe'; described: Described }
  | { did: 'progress'; progress: DescribeProgress }
  | Failed;

const stopping = new AbortController();
parentPort?.once('message', () => stopping.abort());

const progress = new ProgressCounter((now) => send({ did: 'progress', progress: now }));
try {
  const described = await describeTreeHere(workerData as TreeTask, progress, stopping.signal);
  send({ did: 'describe', described });
} catch (error) {
  send(errorSent(error));
}
parentPort?.close();

function send(reply: DescribeReply): void {
  parentPort?.postMessage(reply);
}
