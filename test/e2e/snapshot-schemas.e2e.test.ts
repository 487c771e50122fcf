import { afterEach, describe, expect, it } from 'vitest';
import { compareDatabases, expectEqual } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { zooStatements } from '../support/schema-zoo.ts';
import { copied } from '../support/snapshot/copy-command.ts';
import { manyTables } from '../support/snapshot/many-tables.ts';
import { restoredSchema } from '../support/snapshot/restored.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';

const NIGHTLY = process.env['WALCAST_NIGHTLY'] === '1';
const TABLES = NIGHTLY ? 2_000 : 300;

/** Each version to itself, and the oldest to the newest. */
function ways(): { from: number; to: number; by: 'pg_dump' | 'catalog' }[] {
  const majors = NIGHTLY ? [14, 15, 16, 17, 18] : testMajors();
  const [oldest, newest] = [Math.min(...majors), Math.max(...majors)];
  const pairs = majors.map((major) => ({ from: major, to: major }));
  if (oldest < newest) pairs.push({ from: oldest, to: newest });
  return pairs.flatMap((pair) => (['pg_dump', 'catalog'] as const).map((by) => ({ ...pair, by })));
}

/** Their effects would come twice, so they fire for the target's own changes only until it takes over. */
const NOT_YET = [/^TRIGGER zoo\.item (always|replica)$/];

/** pg_dump gives an heir the inherited columns in the order of its parent, we give it that of the source. */
const ANOTHER_ORDER = /^TABLE zoo\.heir_2$/;

const columnOrder = (database: TestDatabase): Promise<unknown> =>
  database.value(
    `select string_agg(attname, ',' order by attnum) from pg_attribute where attrelid = to_regclass('zoo.heir_2') and attnum > 0 and not attisdropped`,
  );

/** Between two versions the schema is what pg_dump and the newer server make of it. */
async function expectCarried({ source, target }: DatabasePair): Promise<void> {
  if (source.server.major === target.server.major) {
    await expectEqual(source, target, { ignore: { objects: NOT_YET } });
    return;
  }
  const restored = await restoredSchema(source, target.server);
  try {
    const ignore = { objects: [...NOT_YET, ANOTHER_ORDER] };
    expect((await compareDatabases(restored, target, { ignore })).schema).toEqual([]);
    expect(await columnOrder(target)).toEqual(await columnOrder(source));
    expect((await compareDatabases(source, target)).rows).toEqual([]);
  } finally {
    await restored.dispose();
  }
}

describe('replicate snapshot carries', () => {
  let pair: DatabasePair;
  afterEach(() => pair.dispose());

  it.each(ways())(
    'everything that a schema may hold from PostgreSQL $from to $to, by $by',
    async ({ from, to, by }) => {
      pair = await testDatabases({ major: from, targetMajor: to });
      for (const statement of zooStatements(from)) await pair.source.query(statement);
      await copied({
        sourceUrl: pair.source.url(),
        targetUrl: pair.target.url(),
        snapshot: { schema_source: by },
      });
      await expectCarried(pair);
    },
  );

  it.each(ways().slice(-2))(
    `${TABLES} tables with views, partitions and circles from PostgreSQL $from to $to, by $by`,
    async ({ from, to, by }) => {
      pair = await testDatabases({ major: from, targetMajor: to });
      for (const batch of manyTables(TABLES)) await pair.source.query(batch);
      const started = performance.now();
      const line = await copied({
        sourceUrl: pair.source.url(),
        targetUrl: pair.target.url(),
        snapshot: { schema_source: by },
        timeoutMs: 600_000,
      });
      process.stdout.write(`${TABLES} tables by ${by}: ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
      expect(line.tables).toBeGreaterThanOrEqual(TABLES);
      await expectCarried(pair);
    },
    NIGHTLY ? 900_000 : 180_000,
  );
});
