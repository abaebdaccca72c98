import { readFileSync } from 'node:fs';
import { HostError, readSecret, whyOf } from '@pushmirror/host';
import type { MasterConfig } from '../config.ts';
import { createMailer, type Mailer } from './send-mail.ts';

/**
 * The mailer of the settings; undefined where they have no mail server.
 *
 * @throws HostError for the password's file and the file of authorities.
 */
export function mailerOf({ mail, name }: MasterConfig): Mailer | undefined {
  if (mail === undefined) return undefined;
  const { password_file: file, ca_file: authorities } = mail;
  const password = file === undefined ? undefined : readSecret(file).toString('utf8').trim();
  const ca = authorities === undefined ? undefined : readText(authorities);
  return createMailer({ settings: mail, password, ca, name });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new HostError('secret-unreadable', `${path} cannot be read (${whyOf(cause)}).`, {
      cause,
    });
  }
}
