export * from '@pushmirror/net/exchange';
