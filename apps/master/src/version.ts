import { readFileSync } from 'node:fs';

const packageFile = new URL('../package.json', import.meta.url);

/** This program's version, as in its package.json. */
export const { version: VERSION } = JSON.parse(readFileSync(packageFile, 'utf8')) as {
  version: string;
};
