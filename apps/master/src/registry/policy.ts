import type { Findings } from './findings.ts';

/** How a network takes new mirrors. */
export type RegistrationPolicy = 'invite' | 'proof' | 'review';

export interface Circumstances {
  policy: RegistrationPolicy;
  /** It came with an invitation that counts. */
  invited: boolean;
  /** A mirror of that name is known: `active` also for one that is paused. */
  known: 'no' | 'active' | 'suspended' | 'left';
  findings: Findings;
  /** Another mirror's SSH endpoint shows the same host key. */
  sameHostKey: boolean;
}

/**
 * What follows from what was found. A known mirror comes back by proving the URL that it was
 * registered with, and by nothing else: an invitation does not take over somebody's name, and the
 * endpoint of another mirror proves nothing.
 */
export function nextStep(now: Circumstances): 'proving' | 'review' | 'approve' {
  const { policy, invited, known, findings } = now;
  if (!findings.ssh.ok || findings.url?.ok === false) return 'proving';
  if (known === 'suspended' || now.sameHostKey) return 'review';
  const urlProven = findings.url?.ok === true;
  if (known === 'active') return urlProven ? 'approve' : 'review';
  if (invited) return 'approve';
  return policy === 'proof' && urlProven && known === 'no' ? 'approve' : 'review';
}
