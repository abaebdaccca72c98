import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { whyForbidden } from '@pushmirror/net';
import { Reader, type CountryResponse } from 'maxmind';

/** Finds the country of an address, offline: two letters, or null where nobody knows. */
export type CountryOf = (address: string) => string | null;

const DATA = '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb';

/** Reads 8 MB of data, the first time that it is asked (geo-whois-asn-country, public domain). */
export function createCountryOf(): CountryOf {
  let reader: Reader<CountryResponse & { country_code?: string }> | undefined;
  return (text) => {
    const address = text.replace(/^::ffff:(?=\d+\.)/, '');
    if (whyForbidden(address, []) !== undefined) return null; // No address of the internet.
    reader ??= new Reader(readFileSync(createRequire(import.meta.url).resolve(DATA)));
    try {
      return reader.get(address)?.country_code ?? null;
    } catch {
      return null; // Not an address.
    }
  };
}
