import type { Transporter } from 'nodemailer';
import type { MasterConfig } from '../config.ts';
import type { Outcome } from './outcome.ts';

/** A mail that is ready to leave. */
export interface Mail {
  /** Of the message: stays the same over attempts. */
  id: string;
  to: string;
  subject: string;
  text: string;
  /** The id of the message that this one follows. */
  after: string | undefined;
  kind: string;
}

export interface Mailer {
  /** Never rejects. */
  send(mail: Mail, signal: AbortSignal): Promise<Outcome>;
  /** Connect and log in, and send nothing. Rejects with what is wrong. */
  check(signal: AbortSignal): Promise<void>;
  close(): void;
}

export type MailSettings = NonNullable<MasterConfig['mail']>;

const CONNECT_MS = 10_000;
const SILENCE_MS = 20_000;

/** Mails over the SMTP server of the settings; loaded when the first one is sent. */
export function createMailer(o: {
  settings: MailSettings;
  password: string | undefined;
  /** Certificate authorities in PEM; the system's when left out. */
  ca: string | undefined;
  /** Of this host, for Message-ID and EHLO. */
  name: string;
}): Mailer {
  let transport: Promise<Transporter> | undefined;
  return {
    async check(signal) {
      transport ??= open(o);
      await ended((await transport).verify(), signal);
    },
    async send(mail, signal) {
      transport ??= open(o);
      try {
        const sending = (await transport).sendMail(envelopeOf(mail, o));
        await ended(sending, signal);
        return { state: 'sent' };
      } catch (error) {
        return outcomeOf(error, signal);
      }
    },
    close() {
      void transport?.then(
        (one) => one.close(),
        () => {},
      );
    },
  };
}

async function open(o: Parameters<typeof createMailer>[0]): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  const { host, port, tls, user } = o.settings;
  const { password: pass = '', ca } = o;
  return createTransport({
    host,
    port: port ?? (tls === 'tls' ? 465 : tls === 'starttls' ? 587 : 25),
    secure: tls === 'tls',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    name: o.name,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    dnsTimeout: CONNECT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(user === undefined ? {} : { auth: { user, pass } }),
    ...(ca === undefined ? {} : { tls: { ca } }),
  });
}

/** Addresses go as values of their own, so that nothing in them is read as a list or a header. */
function envelopeOf(mail: Mail, { settings, name }: Parameters<typeof createMailer>[0]) {
  const { from } = settings;
  const idOf = (id: string) => `<${id}@${name}>`;
  const thread =
    mail.after === undefined ? {} : { inReplyTo: idOf(mail.after), references: idOf(mail.after) };
  return {
    from: { name: 'pushmirror', address: from },
    to: { name: '', address: mail.to },
    envelope: { from, to: [mail.to] },
    subject: mail.subject,
    text: mail.text,
    messageId: idOf(mail.id),
    ...thread,
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Pushmirror-Notice': mail.kind },
  };
}

function ended(sending: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error('The mail server took too long.'));
    if (signal.aborted) late();
    signal.addEventListener('abort', late, { once: true });
    sending.then(resolve, reject).finally(() => signal.removeEventListener('abort', late));
  });
}

/** An address that does not exist, or a mail that is refused, stays so; all else may be mended. */
function outcomeOf(error: unknown, signal: AbortSignal): Outcome {
  const { message, code, responseCode, command } = error as Error & {
    code?: string;
    responseCode?: number;
    command?: string;
  };
  const reason = signal.aborted ? 'The mail server took too long.' : String(message).slice(0, 300);
  const refused = responseCode !== undefined && responseCode >= 500 && responseCode < 600;
  const final = refused && (command === 'RCPT TO' || command === 'DATA');
  if (final) return { state: 'failed', reason };
  return { state: 'again', reason, everybody: signal.aborted || SERVER.has(code ?? '') };
}

/** It is the server, or our account there. */
const SERVER = new Set([
  'ECONNECTION',
  'ESOCKET',
  'ETIMEDOUT',
  'EDNS',
  'ETLS',
  'EREQUIRETLS',
  'EAUTH',
  'ENOAUTH',
]);
