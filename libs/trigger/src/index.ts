export * from './downstream.ts';
export * from './errors.ts';
export * from './push-state.ts';
export * from './report.ts';
export * from './send/sender.ts';
export * from './wire/reply.ts';
