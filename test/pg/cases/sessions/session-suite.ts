import { describe, expect, test } from 'vitest';
import type { TestDatabase } from '../../../support/test-database.ts';
import { testMajors } from '../../../support/majors.ts';
import { sharedPair } from '../../../support/shared-pair.ts';
import { play, type SessionCase } from './session-case.ts';

/** Other tools' event triggers of a case: targets have none of them, and the next case shall not. */
const FOREIGN_TRIGGERS = `select format('drop event trigger %I', e.evtname) as sql
  from pg_event_trigger e join pg_proc p on p.oid = e.evtfoid where p.pronamespace <> 'walcast'::regnamespace`;

/** A target notes how it came by each statement: these are no repetitions of the source's own. */
const REPAIRED = `select tag, how, source from walcast.applied_ddl
  where id > coalesce($1, 0) and (how ~ 'corrected|degraded|names lost' or how ~ 'from catalog' and tag not in ('CREATE TABLE AS', 'SELECT INTO', 'DROP OWNED'))`;

/** Each case in a session of its own, through the whole pipeline, everything compared after it. A repair is a failure. */
export function sessionSuite(cases: readonly SessionCase[]): void {
  describe.each(testMajors())('PostgreSQL %i', (major) => {
    const pair = sharedPair(major);

    test.each(cases.filter(({ since = 0 }) => since <= major))(
      '$name',
      async ({ as, before, steps, fromCatalog = [] }) => {
        const { source, target, replicate } = pair();
        const known = await target.value('select max(id) from walcast.applied_ddl').catch(() => null);
        if (before !== undefined) await source.query(before);
        const client = await source.client(as === 'superuser' ? undefined : 'app');
        try {
          await play(steps, client);
        } finally {
          await client.end();
          await dropForeignTriggers(source);
        }
        await replicate();
        const repaired = await target.query(REPAIRED, [known ?? null]);
        expect(repaired.filter(({ source: text }) => !fromCatalog.includes(text ?? ''))).toEqual([]);
      },
    );
  });
}

async function dropForeignTriggers(source: TestDatabase): Promise<void> {
  for (const { sql } of await source.query(FOREIGN_TRIGGERS)) await source.query(String(sql));
}
