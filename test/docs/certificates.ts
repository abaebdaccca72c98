import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tool } from '../harness/tool.ts';

/** `ca.pem`, and `key.pem` with `cert.pem` for all these names, in a folder. */
export async function makeCertificates(folder: string, names: readonly string[]): Promise<void> {
  const file = (name: string) => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const openssl = (...args: string[]) => tool(['openssl', ...args]);
  await openssl(
    'req',
    '-x509',
    ...key,
    '-days',
    '90',
    '-subj',
    '/CN=Test CA',
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
  );
  await openssl(
    'req',
    ...key,
    '-subj',
    `/CN=${names[0]}`,
    '-keyout',
    file('key.pem'),
    '-out',
    file('csr.pem'),
  );
  await writeFile(
    file('names.ext'),
    `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}\n`,
  );
  await openssl(
    'x509',
    '-req',
    '-days',
    '90',
    '-in',
    file('csr.pem'),
    '-CA',
    file('ca.pem'),
    '-CAkey',
    file('ca.key'),
    '-CAcreateserial',
    '-extfile',
    file('names.ext'),
    '-out',
    file('cert.pem'),
  );
}
