import type { Role } from '../../db/schema.ts';

/** What one can do at the desk: each is one call of the API, with the token that logged in. */
export interface DeskAction {
  roles: readonly Role[];
  /** The API's path; the subject is put in, escaped. */
  path: (subject: string) => string;
  /** Whether a reason (or what `field` says) goes along: none, if one was given, or always. */
  reason: 'none' | 'optional' | 'required';
  /** What the API calls it, where it is not a reason. */
  field?: string;
  /** POST when left out. */
  method?: 'DELETE';
  /** What else the API is told. */
  body?: object;
  done: string;
}

const DESK_ACTIONS = {
  approve: {
    roles: ['admin'],
    path: (subject) => `/v1/registrations/${subject}/approve`,
    reason: 'none',
    done: 'is approved',
  },
  refuse: {
    roles: ['admin'],
    path: (subject) => `/v1/registrations/${subject}/refuse`,
    reason: 'required',
    done: 'is refused',
  },
  suspend: {
    roles: ['admin'],
    path: (subject) => `/v1/mirrors/${subject}/suspend`,
    reason: 'required',
    done: 'is suspended',
  },
  pause: {
    roles: ['admin', 'operator'],
    path: (subject) => `/v1/mirrors/${subject}/pause`,
    reason: 'required',
    done: 'is paused',
  },
  resume: {
    roles: ['admin', 'operator'],
    path: (subject) => `/v1/mirrors/${subject}/resume`,
    reason: 'none',
    done: 'is active again',
  },
  'show-contact': {
    roles: ['admin', 'operator'],
    path: (subject) => `/v1/mirrors/${subject}/change`,
    reason: 'none',
    body: { contactPublic: true },
    done: 'shows its contact to everybody',
  },
  'hide-contact': {
    roles: ['admin', 'operator'],
    path: (subject) => `/v1/mirrors/${subject}/change`,
    reason: 'none',
    body: { contactPublic: false },
    done: 'shows its contact to nobody but administrators',
  },
  'notice-add': {
    roles: ['admin', 'operator'],
    path: (subject) => `/v1/mirrors/${subject}/notices`,
    reason: 'required',
    field: 'mail',
    done: 'has one more to tell; a new address confirms the code that is mailed to it',
  },
  'notice-confirm': {
    roles: ['admin', 'release-manager', 'operator'],
    path: (subject) => `/v1/notices/${subject}/confirm`,
    reason: 'required',
    field: 'code',
    done: 'is confirmed',
  },
  'notice-test': {
    roles: ['admin', 'release-manager', 'operator'],
    path: (subject) => `/v1/notices/${subject}/test`,
    reason: 'none',
    done: 'is sent a test notice',
  },
  'notice-remove': {
    roles: ['admin', 'release-manager', 'operator'],
    path: (subject) => `/v1/notices/${subject}`,
    reason: 'none',
    method: 'DELETE',
    done: 'is told no more',
  },
  halt: {
    roles: ['admin', 'release-manager'],
    path: (subject) => `/v1/rollouts/${subject}/halt`,
    reason: 'optional',
    done: 'is held',
  },
  'go-on': {
    roles: ['admin', 'release-manager'],
    path: (subject) => `/v1/rollouts/${subject}/resume`,
    reason: 'none',
    done: 'goes on',
  },
} satisfies Record<string, DeskAction>;

export type DeskActionName = keyof typeof DESK_ACTIONS;

export function deskAction(name: string): DeskAction | undefined {
  return Object.hasOwn(DESK_ACTIONS, name) ? DESK_ACTIONS[name as DeskActionName] : undefined;
}
