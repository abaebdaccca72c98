export {
  BY_HASH_FOLDER,
  isOwnPath,
  MANIFEST_FOLDER,
  OWN_FOLDER,
  TRACE_FOLDER,
} from './own-paths.ts';
export { classicExcludes, indexOrder, isProfile, PROFILES, type ProfileName } from './profiles.ts';
