export * from '@pushmirror/net/guard';
