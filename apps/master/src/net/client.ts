export * from '@pushmirror/net/client';
