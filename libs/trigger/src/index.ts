export * from './downstream.ts';
export * from './errors.ts';
export type { Backoff } from './fan-out/backoff.ts';
export {
  createFanOut,
  type FanOut,
  type FanOutCounts,
  type FanOutOptions,
} from './fan-out/fan-out.ts';
export {
  createPullGate,
  type PullGate,
  type PullGateOptions,
  type PullRequest,
  type PullVerdict,
} from './fan-out/pull-gate.ts';
export { whoMayPull, type PullDecision, type PullSlots } from './fan-out/pull-slots.ts';
export * from './fan-out/push.ts';
export {
  findSigner,
  parseAllowedSigners,
  type AllowedSigner,
  type SignerAnswer,
  type SignerQuery,
} from './head/allowed-signers.ts';
export * from './head/head.ts';
export * from './head/hold.ts';
export * from './head/sign.ts';
export * from './head/signing-key.ts';
export { signMessage, verifyMessage } from './head/sshsig.ts';
export * from './push-state.ts';
export { compareHeads, type Comparison } from './receive/compare.ts';
export { judgeHead, type Believed, type Judgement } from './receive/judge.ts';
export { judgeHold, type BelievedHold, type HoldJudgement } from './receive/judge-hold.ts';
export { receive } from './receive/receive.ts';
export type { AuditEntry, Peer, Receiver, Stage } from './receive/receiver.ts';
export { takeHold } from './receive/take-hold.ts';
export { takeHead, type Offered, type OfferedHead, type TakenHead } from './receive/take.ts';
export { LARGEST_SKEW_MS, type Circumstances, type Refusal, type Refused } from './receive/vet.ts';
export * from './report.ts';
export { createOpensshSender, type OpensshSenderOptions } from './send/openssh-sender.ts';
export * from './send/sender.ts';
export { createSsh2Sender, type Ssh2Sender, type Ssh2SenderOptions } from './send/ssh2-sender.ts';
export type { StandingCounts, StandingOptions } from './send/standing.ts';
export * from './wire/reply.ts';
export * from './wire/staged-hint.ts';
export * from './wire/stock.ts';
export * from './wire/trigger.ts';
