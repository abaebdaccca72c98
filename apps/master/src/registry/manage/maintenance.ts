import { randomBytes } from 'node:crypto';
import {
  deleteMaintenance,
  deletePastMaintenance,
  insertMaintenance,
  listMaintenance,
} from '../../db/maintenance.ts';
import type { MaintenanceRow } from '../../db/operator-schema.ts';
import { MasterError } from '../../errors.ts';
import type { Window } from '../maintenance.ts';
import { act, type Doing } from './act.ts';

const MOST = 50;

/** Releases of this time are not pushed to the mirror; it finds them by its poll when it is back. */
export async function addMaintenance(doing: Doing, window: Window): Promise<MaintenanceRow> {
  const { mirror, by, at } = doing;
  const id = randomBytes(4).toString('hex');
  const row = { id, mirror, ...window, added_at: at.toISOString(), added_by: by.name };
  await act(doing, 'maintenance-add', async (trx) => {
    await deletePastMaintenance(trx, mirror, at.toISOString());
    if ((await listMaintenance(trx, mirror)).length >= MOST) {
      throw new MasterError('invalid', `${mirror} has ${MOST} maintenance windows: remove some.`);
    }
    await insertMaintenance(trx, row);
    return { detail: { id, ...window } };
  });
  return row;
}

/** @throws MasterError `invalid` when there is no such window. */
export async function removeMaintenance(doing: Doing, id: string): Promise<void> {
  await act(doing, 'maintenance-remove', async (trx) => {
    if (!(await deleteMaintenance(trx, { mirror: doing.mirror, id }))) {
      throw new MasterError('invalid', 'There is no such maintenance window.');
    }
    return { detail: { id } };
  });
}
