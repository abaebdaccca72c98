import { z } from 'zod';

const finding = z.object({ ok: z.boolean(), reason: z.string().optional() });

/** What the master saw of a mirror that wants to be one. */
export const findingsSchema = z.object({
  at: z.string(),
  /** The challenge under the public URL; null when it has none. */
  url: finding.extend({ url: z.string() }).nullable(),
  /** The SSH endpoint: the declared host key was shown, and the master's key was let in. */
  ssh: finding,
  /** Whether the URL answers over each family; null: it has no address of that family. */
  v4: finding.nullable(),
  v6: finding.nullable(),
  /** Days until the certificate ends; null without TLS. */
  certificateDays: z.number().nullable(),
  /** Bytes, by archive. */
  space: z.array(z.object({ archive: z.string(), free: z.number(), needed: z.number() })),
});

export type Findings = z.output<typeof findingsSchema>;

const FEW_DAYS = 14;

/** What is missing, a sentence each; first what keeps it out, then what should be better. */
export function missingIn(findings: Findings): { required: string[]; advised: string[] } {
  const { url, ssh, v4, v6, certificateDays: days } = findings;
  const required: string[] = [];
  if (!ssh.ok) required.push(`SSH: ${ssh.reason ?? 'the endpoint was not reached.'}`);
  if (url?.ok === false)
    required.push(`Public URL: ${url.reason ?? 'the challenge was not found.'}`);
  const advised: string[] = [];
  if (url?.ok === true) {
    if (v4 === null) advised.push('The public URL has no IPv4 address.');
    else if (!v4.ok) advised.push(`The public URL does not answer over IPv4: ${v4.reason ?? ''}`);
    if (v6 === null) advised.push('The public URL has no IPv6 address.');
    else if (!v6.ok) advised.push(`The public URL does not answer over IPv6: ${v6.reason ?? ''}`);
  }
  if (days !== null && days < FEW_DAYS) {
    advised.push(
      `The certificate of the public URL ends in ${Math.max(0, Math.floor(days))} days.`,
    );
  }
  for (const { archive, free, needed } of findings.space) {
    if (free >= needed) continue;
    advised.push(`${archive} takes ${gib(needed)} GiB, and there are ${gib(free)} GiB free.`);
  }
  return { required, advised };
}

function gib(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1);
}
