import { parentPort } from 'node:worker_threads';
import { checkFileSync } from './check-file.ts';
import type { CheckReply, CheckRequest } from './check-files.ts';

/** A thread that checks files, see check-files.ts. */
parentPort?.on('message', ({ folder, expected }: CheckRequest) => {
  const reply: CheckReply = [];
  for (const [at, one] of expected.entries()) {
    const flaw = checkFileSync(folder, one);
    if (flaw !== undefined) reply.push({ at, flaw });
  }
  parentPort?.postMessage(reply);
});
