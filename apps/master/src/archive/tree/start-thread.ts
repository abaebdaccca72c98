import { Worker } from 'node:worker_threads';

/**
 * Start a thread from a file of this folder, named without its suffix. Run from the source, as
 * tests are, a thread has to be told to read TypeScript: tsx does not reach into it by itself.
 */
export function startThread(name: string, workerData: unknown): Worker {
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL(`./${name}.js`, import.meta.url), { workerData });
  }
  const tsx = import.meta.resolve('tsx/esm/api');
  const file = new URL(`./${name}.ts`, import.meta.url).href;
  const script = `import('${tsx}').then((tsx) => { tsx.register(); return import('${file}'); })`;
  return new Worker(script, { eval: true, workerData });
}
