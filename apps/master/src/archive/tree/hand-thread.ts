import { parentPort, workerData } from 'node:worker_threads';
import { errorSent, type HandRequest, type HandReply, type HandSetup } from './hand-words.ts';
import { hashBatch } from './hash-batch.ts';
import { scanFolders } from './scan-folders.ts';

// One of the threads that look and hash, one request after the other. See hands.ts.
const setup = workerData as HandSetup;

parentPort?.on('message', (request: HandRequest) => {
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
