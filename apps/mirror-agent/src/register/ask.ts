import { createInterface } from 'node:readline/promises';
import type { Ask } from './answers.ts';

/** Questions on the terminal; undefined when nobody sits at one. */
export function askOnTerminal(): Ask {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  return async (question, usual) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      const answer = await lines.question(
        `${question}${usual === undefined ? '' : ` [${usual}]`}: `,
      );
      return answer.trim() === '' ? (usual ?? '') : answer;
    } finally {
      lines.close();
    }
  };
}
