import type { Algorithms, ServerHostKeyAlgorithm } from 'ssh2';
import type { KeyType } from '@pushmirror/acl';

const HOST_KEYS: Record<KeyType, ServerHostKeyAlgorithm[]> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/**
 * What we offer: NIST curves and curve25519, authenticated ciphers first; no SHA-1, no ssh-rsa
 * signatures, no finite-field Diffie-Hellman, no compression. P-256 comes before curve25519 since it
 * costs a fifth less of a whole handshake here: ssh2 writes and parses a DER key for each of the other.
 *
 * The type of the pinned host key comes first, so that a host with several keys shows that one. The
 * others stay in the offer: a host that has lost the pinned type is then seen as one whose key
 * changed, with the new fingerprint, and not as one that speaks no common algorithm.
 */
export function algorithmsFor(pinned: KeyType): Algorithms {
  const first = HOST_KEYS[pinned];
  const others = Object.values(HOST_KEYS)
    .flat()
    .filter((name) => !first.includes(name));
  return { ...ours, serverHostKey: [...first, ...others] };
}

const ours: Algorithms = {
  kex: [
    'ecdh-sha2-nistp256',
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
  ],
  cipher: [
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'chacha20-poly1305@openssh.com',
    'aes128-ctr',
    'aes256-ctr',
  ],
  hmac: [
    'hmac-sha2-256-etm@openssh.com',
    'hmac-sha2-512-etm@openssh.com',
    'hmac-sha2-256',
    'hmac-sha2-512',
  ],
  compress: ['none'],
};
