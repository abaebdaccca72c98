/**
 * What the system's ssh is told wherever the agent runs it (ssh_config(5)): our key alone, host keys
 * that are known before, no questions, nothing learnt on the way.
 */
export const STRICT_SSH = [
  'BatchMode=yes',
  'IdentitiesOnly=yes',
  'IdentityAgent=none',
  'PreferredAuthentications=publickey',
  'StrictHostKeyChecking=yes',
  'UpdateHostKeys=no',
  'ClearAllForwardings=yes',
  'LogLevel=ERROR',
] as const;
