import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClientSession } from '../../src/app/init/client-session.ts';
import { migrateLocked, unmigrateLocked } from '../../src/migrate/migrate.ts';
import { MIGRATION_SETS, type Migration } from '../../src/migrate/migration.ts';
import { readMigrations } from '../../src/migrate/read-migrations.ts';
import { newestMajor, testMajors } from '../support/majors.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { schemaDump } from './support/schema-dump.ts';

describe.each(testMajors())('the way back of migrations on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let session: ClientSession;

  beforeEach(async () => {
    pair = await testDatabases({ major });
    session = await ClientSession.connect(pair.source.url(), 'source');
  });
  afterEach(async () => {
    await session.close();
    await pair.dispose();
  });

  const up = (migrations: readonly Migration[]): Promise<unknown> => migrateLocked(session, [migrations]);
  const dump = (): Promise<string[]> => schemaDump(pair.source);

  it.each(MIGRATION_SETS)('of the set %s: up, down, up gives the same catalog, and nothing in between', async (set) => {
    // what a set may stand on
    if (set !== 'core' && set !== 'target') await up(await readMigrations('core'));
    const all = await readMigrations(set);
    const before = await dump();
    await up(all);
    const whole = await dump();
    expect(whole.length).toBeGreaterThan(before.length);
    for (let round = 0; round < 2; round++) {
      await unmigrateLocked(session, all);
      expect(await dump()).toEqual(before);
      await up(all);
      expect(await dump()).toEqual(whole);
    }
  });

  // Each single way back leads exactly where its way came from: so does every sequence of them.
  it.runIf(major === newestMajor() || process.env['WALCAST_NIGHTLY'] === '1').each(MIGRATION_SETS)(
    'of the set %s: from every version, down and up again',
    { timeout: 300_000 },
    async (set) => {
      if (set !== 'core' && set !== 'target') await up(await readMigrations('core'));
      const all = await readMigrations(set);
      const nothing = await dump();
      for (let count = 1; count <= all.length; count++) {
        const some = all.slice(0, count);
        await up(some);
        const there = await dump();
        await unmigrateLocked(session, some);
        expect(await dump(), `down from ${some.at(-1)?.file ?? ''}`).toEqual(nothing);
        await up(some);
        expect(await dump(), `up again to ${some.at(-1)?.file ?? ''}`).toEqual(there);
      }
    },
  );
});
