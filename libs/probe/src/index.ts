export { archiveFolder } from './archive-folder.ts';
export { type ContentFound, type Sample, type Samples, type SamplesOf } from './look-at-content.ts';
export {
  lookOnce,
  type Look,
  type LookOptions,
  type LookQuestion,
  type LookTarget,
} from './look.ts';
export { placesOf, type Place } from './places.ts';
export { createReadByRsync, readByRsync, type Wanted } from './read-by-rsync.ts';
export type { LookMemory } from './requests.ts';
export type { Endpoint, Evidence } from './sighting.ts';
export {
  MOST_LOOKS,
  packLook,
  unpackLook,
  vantageLooks,
  vantageTask,
  type VantageLook,
  type VantageTask,
} from './wire.ts';
