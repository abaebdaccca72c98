export { appendToFile, replaceFile, syncFolder } from './durable.ts';
export { errnoOf, HostError, whyOf, type HostErrorCode } from './errors.ts';
export { lockFolder, type FolderLock } from './lock.ts';
export { becomeOwnerOf } from './owner.ts';
export { killGroup, plainEnvironment, run, type RunOptions, type RunResult } from './run.ts';
export { readSecret } from './secret.ts';
export { supervise, type Supervised, type SuperviseOptions } from './supervise.ts';
export { within } from './within.ts';
