export type { Endpoint, Evidence } from '@pushmirror/probe';
