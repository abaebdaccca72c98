export { AclError, type AclErrorCode } from './errors.ts';
export { fingerprint, parsePublicKey, sameKey, type KeyType, type PublicKey } from './key.ts';
export { isArchiveName, isHost, isMirrorName, isUser } from './names.ts';
