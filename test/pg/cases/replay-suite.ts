import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareDatabases } from '../../support/compare.ts';
import { sameVersions, type VersionPair } from '../../support/majors.ts';
import { type CaseGroup, runGroup } from './case-group.ts';
import { OBJECT_GROUPS } from './object-groups.ts';
import { ReplayedPair } from './replayed-pair.ts';
import { REWRITE_GROUPS } from './rewrite-groups.ts';
import { STATEMENT_GROUPS } from './statement-groups.ts';

const GROUPS: readonly CaseGroup[] = [...STATEMENT_GROUPS, ...OBJECT_GROUPS, ...REWRITE_GROUPS];

/** All groups, sent by one user, compared whole after each. One file a user, so that they run side by side. */
export function replaySuite(user: 'app' | 'superuser', versions: readonly VersionPair[] = sameVersions()): void {
  describe.each(versions)(
    `as ${user} on PostgreSQL $source, replayed on $target`,
    ({ source: major, target: targetMajor }) => {
      let pair: ReplayedPair;
      let client: pg.Client;
      const known: RegExp[] = [];

      beforeAll(async () => {
        pair = await ReplayedPair.create(major, {}, targetMajor);
        client = await pair.databases.source.client(user === 'superuser' ? undefined : user);
      });
      afterAll(() => pair.dispose());

      test.each(GROUPS)('replays $name', async (group) => {
        const { source, target } = pair.databases;
        const sender = group.user === undefined ? client : await source.client(group.user);
        await runGroup(group, sender);
        await pair.catchUp();
        known.push(...(group.differs ?? []));
        // between versions a comparison restores the source's schema as well, so that only some groups can have one
        const place = GROUPS.indexOf(group) + 1;
        if (major !== targetMajor && place % 13 !== 0 && place !== GROUPS.length) return;
        const { schema, rows } = await compareDatabases(source, target, { ignore: { objects: known } });
        expect([...schema, ...rows]).toEqual([]);
      });
    },
  );
}
