export { renderAuthorizedKey, type AuthorizedKey } from './authorized-keys.ts';
export { checkRule } from './check-rule.ts';
export { closestCidr, inCidrs, isCidr, parseCidr, type Cidr } from './cidr.ts';
export { decide, type Considered, type Decision } from './decide.ts';
export { AclError, type AclErrorCode } from './errors.ts';
export { fingerprint, parsePublicKey, sameKey, type KeyType, type PublicKey } from './key.ts';
export { isArchiveName, isHost, isMirrorName, isUser } from './names.ts';
export { isPlainPath, matchesPath } from './path-pattern.ts';
export { accessFiles, type AccessFiles, type AccessModule } from './access-files.ts';
export {
  EVERYWHERE,
  intersectReaches,
  isWithin,
  reachOf,
  subtractReaches,
  uniteReaches,
} from './reach.ts';
export {
  isRsyncUser,
  renderRsyncdConf,
  renderSecrets,
  type RsyncdConf,
  type RsyncdModule,
} from './rsyncd.ts';
export { hiddenPatterns, shownPatterns } from './rsync-patterns.ts';
export type { Action, Request, Rule } from './rule.ts';
export { sshPulls, type SshPuller, type SshPullOptions } from './ssh-pulls.ts';
