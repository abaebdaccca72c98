import cookie from '@fastify/cookie';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MasterError } from '../../errors.ts';
import type { Auth } from '../auth.ts';
import { deskAction } from '../desk/actions.ts';
import { createSessions, isSame, type Session } from '../desk/sessions.ts';
import { deskView } from '../desk/view.ts';
import { answerFor, handleError } from '../errors.ts';
import { renderPage } from '../page/render.ts';
import { readQuery } from '../page/table.ts';
import { plain } from '../page/words.ts';

export interface DeskNeeds {
  auth: Auth;
  network: string;
  now: () => Date;
  publicUrl: () => string;
}

const COOKIE = 'desk';
const LARGEST_FORM = 8 * 1024;
const HIDDEN = { schema: { hide: true } };

/**
 * `/desk`: the view of administrators, release managers and operators, behind a login by token. What
 * is done here is done by the API's own routes, with the token that logged in: same rights, same
 * rules, same audit. Every form carries a secret of its session; the cookie goes to this site only.
 */
export async function deskRoutes(app: FastifyInstance, needs: DeskNeeds): Promise<void> {
  const { auth, network } = needs;
  const sessions = createSessions(needs.now);
  await app.register(cookie);
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: LARGEST_FORM },
    (_, body, parsed) => parsed(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );
  const show = (reply: FastifyReply, model: object, status = 200) =>
    reply
      .code(status)
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(renderPage('desk', model, { network, archives: [], title: `Desk – ${network}` }));
  app.setErrorHandler((error, request, reply) => {
    const known = answerFor(error);
    if (known === undefined || known.status >= 500) return handleError(error, request, reply);
    const text = known.body.error.message;
    return show(reply, { view: null, message: { tone: 'bad', text } }, known.status);
  });

  /** Who is logged in, with a token that still counts. */
  const who = async (request: FastifyRequest) => {
    const session = sessions.find(request.cookies[COOKIE]);
    if (session === undefined) return undefined;
    const { ip } = request;
    const headers = { authorization: `Bearer ${session.token}` };
    const caller = await auth.peek({ headers, ip });
    if (caller === undefined) sessions.end(session.id);
    return caller && { session, caller, headers };
  };

  app.get('/desk', HIDDEN, async (request, reply) => {
    const known = await who(request);
    if (known === undefined) return show(reply, { view: null, message: null });
    const { session, caller, headers } = known;
    const ask = async (url: string) => {
      const answer = await app.inject({ url, headers, remoteAddress: request.ip });
      return answer.json<unknown>();
    };
    const view = await deskView(caller, readQuery(request.query).q, ask);
    const { message, csrf } = session;
    session.message = null;
    return show(reply, { view, message, csrf });
  });

  app.post('/desk/login', HIDDEN, async (request, reply) => {
    auth.throttle(request);
    const token = field(request, 'token').trim();
    const headers = { authorization: `Bearer ${token}` };
    const caller = await auth.peek({ headers, ip: request.ip });
    if (caller === undefined || caller.role === 'agent') {
      auth.failed(request);
      throw new MasterError('unauthorised', 'That is not a token that counts here.');
    }
    sessions.end(request.cookies[COOKIE]);
    const { id } = sessions.begin(token);
    reply.setCookie(COOKIE, id, {
      path: '/desk',
      httpOnly: true,
      sameSite: 'strict',
      secure: needs.publicUrl().startsWith('https:'),
    });
    return reply.redirect('/desk', 303);
  });

  app.post('/desk/logout', HIDDEN, async (request, reply) => {
    const known = await who(request);
    if (known !== undefined) {
      checkForm(request, known.session);
      sessions.end(known.session.id);
    }
    return reply.clearCookie(COOKIE, { path: '/desk' }).redirect('/desk', 303);
  });

  app.post('/desk/do', HIDDEN, async (request, reply) => {
    const known = await who(request);
    if (known === undefined) throw new MasterError('unauthorised', 'Log in first.');
    const { session, headers } = known;
    checkForm(request, session);
    const [action, subject] = [deskAction(field(request, 'action')), field(request, 'subject')];
    if (action === undefined || subject === '') {
      throw new MasterError('invalid', 'There is nothing of that name to do.');
    }
    const reason = field(request, 'reason').trim();
    const { method = 'POST', field: name = 'reason' } = action;
    const said = action.reason === 'none' || reason === '' ? {} : { [name]: reason };
    const answer = await app.inject({
      method,
      url: action.path(encodeURIComponent(subject)),
      headers,
      remoteAddress: request.ip,
      ...(method === 'POST' ? { payload: { ...action.body, ...said } } : {}),
    });
    session.message =
      answer.statusCode < 300
        ? { tone: 'good', text: plain(`${subject} ${action.done}.`) }
        : { tone: 'bad', text: messageOf(answer.json()) };
    return reply.redirect('/desk', 303);
  });
}

/** @throws MasterError `forbidden` unless the form is one that this session was given. */
function checkForm(request: FastifyRequest, session: Session): void {
  const site = request.headers['sec-fetch-site'];
  const foreign = site !== undefined && site !== 'same-origin' && site !== 'none';
  if (!foreign && isSame(field(request, 'csrf'), session.csrf)) return;
  throw new MasterError('forbidden', 'This form is not of this session. Load the page again.');
}

function field(request: FastifyRequest, name: string): string {
  const value: unknown = Object.getOwnPropertyDescriptor(request.body ?? {}, name)?.value;
  return typeof value === 'string' ? value : '';
}

function messageOf(body: unknown): string {
  const { error } = body as { error?: { message?: unknown } };
  return typeof error?.message === 'string' ? plain(error.message) : 'That did not work.';
}
