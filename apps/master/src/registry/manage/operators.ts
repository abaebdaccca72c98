import type { Db } from '../../db/open.ts';
import { findToken, insertToken, listTokens, revokeToken } from '../../db/tokens.ts';
import { MasterError } from '../../errors.ts';
import { makeToken } from '../tokens.ts';
import { act, type Doing } from './act.ts';

export interface Operator {
  id: string;
  label: string;
  createdAt: string;
  createdBy: string;
}

const MOST = 50;

/** The people who manage a mirror, each with a token of their own. */
export async function listOperators(db: Db, mirror: string): Promise<Operator[]> {
  return (await listTokens(db))
    .filter((one) => one.role === 'operator' && one.mirror === mirror && one.revoked_at === null)
    .map(({ id, label, created_at: createdAt, created_by: createdBy }) => {
      return { id, label, createdAt, createdBy };
    });
}

/** One more; the token is shown once. @throws MasterError `invalid` */
export async function addOperator(
  doing: Doing,
  label: string,
): Promise<{ id: string; token: string }> {
  const { db, mirror, by, at } = doing;
  const { token, row } = makeToken({ role: 'operator', mirror, label, by: by.name, at });
  if ((await listOperators(db, mirror)).length >= MOST) {
    throw new MasterError('invalid', `${mirror} has ${MOST} operators: remove some.`);
  }
  await act(doing, 'operator-add', async (trx) => {
    await insertToken(trx, row);
    return { detail: { token: row.id, label } };
  });
  return { id: row.id, token };
}

/** @throws MasterError `unknown-token`, also for one of another mirror. */
export async function removeOperator(doing: Doing, id: string): Promise<void> {
  await act(doing, 'operator-remove', async (trx) => {
    const row = await findToken(trx, id);
    if (row?.role !== 'operator' || row.mirror !== doing.mirror) {
      throw new MasterError('unknown-token', 'There is no such operator.');
    }
    await revokeToken(trx, id, doing.at.toISOString());
    return { detail: { token: id, label: row.label } };
  });
}
