export { whyForbidden } from './addresses.ts';
export {
  createGuardedClient,
  type GetOptions,
  type GuardedClient,
  type GuardedClientOptions,
} from './client.ts';
export { NetError, type NetErrorCode } from './errors.ts';
export { closeConnections, keepConnections, type Answer, type Connections } from './exchange.ts';
export { createGuard, type CheckedAddress, type Guard } from './guard.ts';
export { createResolve, type Resolve, type ResolveOptions } from './resolve.ts';
export { parseTarget, type Target } from './target.ts';
