import { z } from 'zod';
import { createAskMaster } from './ask-master.ts';

/** What a master tells anybody who wants to register. */
const networkAnswer = z.object({
  network: z.string(),
  policy: z.enum(['invite', 'proof', 'review']),
  pushKey: z.string(),
  archives: z.array(z.object({ name: z.string(), profile: z.string(), bytes: z.number() })),
});
export type NetworkAnswer = z.output<typeof networkAnswer>;

/** How a registration stands. */
export const standing = z.object({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  mirror: z.string(),
  state: z.enum(['proving', 'review', 'approved', 'refused', 'expired']),
  challenge: z.object({
    path: z.string().regex(/^project\/pushmirror\/proof\/[0-9a-f]{16}$/),
    text: z.string().regex(/^[\x20-\x7e]{1,200}$/),
  }),
  missing: z.array(z.string()),
  advised: z.array(z.string()),
  reason: z.string().nullable(),
});
export type Standing = z.output<typeof standing>;

const begun = z.object({ registration: standing, token: z.string(), operatorToken: z.string() });

/** All that the agent's configuration is made of. */
export const setUp = z.object({
  network: z.string(),
  name: z.string(),
  url: z.string(),
  allowedSigners: z.string(),
  sources: z
    .array(z.object({ name: z.string(), pushKey: z.string().nullable(), rsyncUrl: z.string() }))
    .min(1),
  archives: z.array(z.object({ name: z.string(), profile: z.string() })).min(1),
});
export type SetUp = z.output<typeof setUp>;

/** The master's API as a new mirror sees it. Every call throws AgentError `master`, in its words. */
export interface MasterDoor {
  network(): Promise<NetworkAnswer>;
  begin(request: object): Promise<z.output<typeof begun>>;
  standing(id: string, token: string): Promise<Standing>;
  /** Has the master look at the mirror; takes as long as that does. */
  check(id: string, token: string): Promise<Standing>;
  setUp(token: string): Promise<SetUp>;
}

export function createMasterDoor(base: string, signal: AbortSignal): MasterDoor {
  const call = createAskMaster(base, signal);
  return {
    network: () => call(networkAnswer, 'GET', '/v1/network'),
    begin: (body) => call(begun, 'POST', '/v1/registrations', { body }),
    standing: (id, token) => call(standing, 'GET', `/v1/registrations/${id}`, { token }),
    check: (id, token) => call(standing, 'POST', `/v1/registrations/${id}/check`, { token }),
    setUp: (token) => call(setUp, 'GET', '/v1/set-up', { token }),
  };
}
