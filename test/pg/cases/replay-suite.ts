import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareDatabases } from '../../support/compare.ts';
import { testMajors } from '../../support/majors.ts';
import { type CaseGroup, runGroup } from './case-group.ts';
import { OBJECT_GROUPS } from './object-groups.ts';
import { ReplayedPair } from './replayed-pair.ts';
import { REWRITE_GROUPS } from './rewrite-groups.ts';
import { STATEMENT_GROUPS } from './statement-groups.ts';

const GROUPS: readonly CaseGroup[] = [...STATEMENT_GROUPS, ...OBJECT_GROUPS, ...REWRITE_GROUPS];

/** All groups, sent by one user, compared whole after each. One file a user, so that they run side by side. */
export function replaySuite(user: 'app' | 'superuser'): void {
  describe.each(testMajors())(`as ${user} on PostgreSQL %i`, (major) => {
    let pair: ReplayedPair;
    let client: pg.Client;
    const known: RegExp[] = [];

    beforeAll(async () => {
      pair = await ReplayedPair.create(major);
      client = await pair.databases.source.client(user === 'superuser' ? undefined : user);
    });
    afterAll(() => pair.dispose());

    test.each(GROUPS)('replays $name', async (group) => {
      const { source, target } = pair.databases;
      const sender = group.user === undefined ? client : await source.client(group.user);
      await runGroup(group, sender);
      await pair.catchUp();
      known.push(...(group.differs ?? []));
      const { schema, rows } = await compareDatabases(source, target, { ignore: { objects: known } });
      expect([...schema, ...rows]).toEqual([]);
    });
  });
}
