export * from '@pushmirror/net/resolve';
