import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testMajors } from '../support/majors.ts';
import { seededRandom } from '../support/random.ts';
import { TestDatabase } from '../support/test-database.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';
import { HISTORY_TABLES, history, TYPES } from './support/set-histories.ts';
import { FedTarget, RecordedStream } from './support/sets-rig.ts';

const HISTORIES = process.env['WALCAST_NIGHTLY'] === '1' ? 1000 : 100;
const FIRST = Number(process.env['WALCAST_HISTORY'] ?? 1);

/** `what` of each table in one row, told apart by name; the rows of a table in no order. */
function contents(tables: typeof HISTORY_TABLES, what: (table: (typeof HISTORY_TABLES)[number]) => string): string {
  return tables
    .map(
      (
        table,
      ) => `select '${table.name}' as name, count(*) || ' ' || coalesce(md5(string_agg(line, E'\\n' order by line)), '') as rows
      from (select format('%s', t) as line from (select ${what(table)} from ${table.name}) t) as lines`,
    )
    .join(' union all ');
}

async function counted(database: TestDatabase): Promise<number> {
  await database.query('select pg_stat_clear_snapshot()');
  return Number(
    await database.value(
      'select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_user_tables where schemaname = current_schema()',
    ),
  );
}

/** Those that a stream in binary form has to leave out. */
const TEXT_ONLY: readonly string[] = ['booked', 'wider', 'typed'];
const OF_TEXT_ONLY = new RegExp(`\\b(${TEXT_ONLY.join('|')})\\b`);

describe.each(testMajors().flatMap((each) => [[each, 'text'] as const, [each, 'binary'] as const]))(
  'sets of rows on PostgreSQL %i as %s',
  (major, form) => {
    const binary = form === 'binary';
    const tables = HISTORY_TABLES.filter(({ name }) => !binary || !TEXT_ONLY.includes(name));
    const common = contents(tables, ({ columns }) => columns);
    const whole = contents(tables, () => '*');
    let pair: DatabasePair;
    let second: TestDatabase;
    let stream: RecordedStream;
    let bySets: FedTarget;
    let byRows: FedTarget;

    beforeAll(async () => {
      pair = await testDatabases({ major });
      second = await TestDatabase.create(pair.target.server);
      for (const statement of TYPES)
        for (const database of [pair.source, pair.target, second]) await database.query(statement);
      for (const { source, target = source } of tables) {
        for (const statement of source) await pair.source.query(statement);
        for (const statement of target) for (const database of [pair.target, second]) await database.query(statement);
      }
      stream = await RecordedStream.open(pair.source, binary);
      bySets = await FedTarget.open(pair.target, pair.source, false, binary);
      byRows = await FedTarget.open(second, pair.source, true, binary);
    });
    afterAll(async () => {
      await Promise.all([bySets.close(), byRows.close(), stream.close()]);
      await Promise.all([second.dispose(), pair.dispose()]);
    });

    /** Statements that the source refuses leave no trace in its stream. */
    async function live(transactions: readonly (readonly string[])[]): Promise<number> {
      let refused = 0;
      for (const statements of transactions) {
        await pair.source.query(`begin; ${statements.join('; ')}; commit`).catch(async () => {
          refused++;
          await pair.source.query('rollback');
        });
      }
      return refused;
    }

    /** Rows written in both targets. Sessions tell their numbers late, the last ones when they end: they have to be closed. */
    async function written(): Promise<number[]> {
      let before: number[] = [];
      return await waitFor(
        async () => {
          const now = await Promise.all([pair.target, second].map(counted));
          const settled = now.every((count, i) => count > 0 && count === before[i]);
          before = now;
          return settled ? now : null;
        },
        { what: 'the numbers of closed sessions', everyMs: 1_500, timeoutMs: 30_000 },
      );
    }

    it(`come to what single rows come to, and to the source, in ${HISTORIES} random histories`, {
      timeout: 1_800_000,
    }, async () => {
      let transactions = 0;
      let refused = 0;
      for (let seed = FIRST; seed < FIRST + HISTORIES; seed++) {
        const random = seededRandom(seed * 7919 + major);
        await pair.source.query(`truncate ${tables.map(({ name }) => name).join(', ')} restart identity cascade`);
        const work = history(random)
          .map((statements) => (binary ? statements.filter((each) => !OF_TEXT_ONLY.test(each)) : statements))
          .filter((statements) => statements.length > 0);
        transactions += work.length;
        refused += await live(work);
        const messages = await stream.take();
        await Promise.all([bySets.feed(messages, random), byRows.feed(messages, null)]).catch((error: unknown) => {
          throw new Error(`history ${seed} stopped a target`, { cause: error });
        });
        // What belongs to the target alone has to survive what the source does to the row.
        if (!binary)
          for (const database of [pair.target, second]) await database.query('update wider set counted = id * 3');
        const [from, sets, setsWhole, rowsWhole] = await Promise.all([
          pair.source.query(common),
          pair.target.query(common),
          pair.target.query(whole),
          second.query(whole),
        ]);
        expect(sets, `source and sets, WALCAST_HISTORY=${seed}`).toEqual(from);
        expect(setsWhole, `sets and single rows, WALCAST_HISTORY=${seed}`).toEqual(rowsWhole);
      }
      expect(refused).toBeLessThan(transactions / 3);
      expect(bySets.durable).toBe(byRows.durable);
      expect(bySets.binaryRows > HISTORIES).toBe(binary);
      // Changes of one row are one change in a set: else it was not written by sets at all. The tables with most of such changes have columns that
      // are text only.
      await Promise.all([bySets.close(), byRows.close()]);
      const [inSets = 0, inRows = 0] = await written();
      expect(inSets).toBeLessThan(inRows * (binary ? 0.98 : 0.95));
    });
  },
);
