/** Where the API is reached from this host. */
export function localUrl({ listen }: { listen: { address: string; port: number } }): string {
  return `http://${forUrl(reachable(listen.address))}:${listen.port}`;
}

/** An address as it stands in a URL. */
export function forUrl(name: string): string {
  return name.includes(':') ? `[${name}]` : name;
}

function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}
