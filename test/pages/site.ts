import type { TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { createFixture, type Fixture } from '../../apps/master/src/setup/fixture.test.ts';
import { seed } from '../bench/page/seed.ts';

/** A master with a past on a port of its own; its mirrors are rows, and answer nobody. */
export interface Site {
  f: Fixture;
  url: string;
  serial: number;
  /** Write to the database beside the master, as a restored backup would be. */
  sql(statement: string, ...values: unknown[]): void;
  /** So much later, every page is made anew. */
  later(): void;
}

export async function createSite(t: TestContext, mirrors: number): Promise<Site> {
  const f = await createFixture(t);
  await f.addArchive();
  const database = `${f.config.state}/master.sqlite`;
  seed({
    database,
    mirrors,
    releases: 8,
    days: 14,
    now: f.clock.now,
    archive: 'debian',
    movingPercent: 20,
  });
  f.clock.now = new Date(f.clock.now.getTime() + 10_000);
  await f.master.app.listen({ host: '127.0.0.1', port: 0 });
  const direct = new Database(database);
  t.after(() => direct.close());
  const { serial } = direct.prepare('select max(serial) as serial from release').get() as {
    serial: number;
  };
  return {
    f,
    url: f.master.url(),
    serial,
    sql(statement, ...values) {
      direct.prepare(statement).run(...values);
    },
    later() {
      f.clock.now = new Date(f.clock.now.getTime() + 10_000);
    },
  };
}

/** Masters that have hardly begun: without an archive, and with one of which nothing was published. */
export async function createEmptySites(
  t: TestContext,
): Promise<{ bare: string; unpublished: string }> {
  const [bare, unpublished] = [await createFixture(t), await createFixture(t)];
  await unpublished.addArchive();
  await unpublished.addMirror('first.example.org');
  for (const f of [bare, unpublished]) await f.master.app.listen({ host: '127.0.0.1', port: 0 });
  return { bare: bare.master.url(), unpublished: unpublished.master.url() };
}
