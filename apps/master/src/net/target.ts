export * from '@pushmirror/net/target';
