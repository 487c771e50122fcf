import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareDatabases } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { type CaseGroup, runGroup } from './cases/case-group.ts';
import { ReplayedPair } from './cases/replayed-pair.ts';
import { OBJECT_GROUPS } from './cases/object-groups.ts';
import { REWRITE_GROUPS } from './cases/rewrite-groups.ts';
import { STATEMENT_GROUPS } from './cases/statement-groups.ts';

const GROUPS: readonly CaseGroup[] = [...STATEMENT_GROUPS, ...OBJECT_GROUPS, ...REWRITE_GROUPS];

describe.each(testMajors())('PostgreSQL %i', (major) => {
  describe.each(['app', 'superuser'])('as %s', (user) => {
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
});
