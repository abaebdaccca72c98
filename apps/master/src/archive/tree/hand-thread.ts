import { parentPort } from 'node:worker_threads';
import { errorSent, type HandOrder, type HandReply } from './hand-words.ts';
import { hashBatch } from './hash-batch.ts';
import { scanFolders } from './scan-folders.ts';

// One of the threads that look and hash, one order after the other. It keeps nothing of them. See
// hands.ts.
parentPort?.on('message', ({ setup, request }: HandOrder) => {
  try {
    const reply =
      request.do === 'scan'
        ? scanFolders(setup, request)
        : hashBatch(setup, request, (bytes) => send({ did: 'read', bytes }));
    send(reply, reply.did === 'scan' ? [reply.blocks] : [reply.results]);
  } catch (error) {
    send(errorSent(error));
  }
});

function send(reply: HandReply, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(reply, transfer);
}
