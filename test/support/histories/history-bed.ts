import { Writable } from 'node:stream';
import type pg from 'pg';
import { isWalcastError } from '../../../src/errors/walcast-error.ts';
import { createLogger } from '../../../src/observe/logger.ts';
import { compareDatabases } from '../compare.ts';
import { prepareSource, TestPipeline } from '../pipeline.ts';
import { type DatabasePair, testDatabases } from '../test-databases.ts';
import type { Role } from './context.ts';
import { type History, linesOf } from './history.ts';
import { MAKE_RUN_DDL } from './wrappers.ts';

/** What is wrong after a history; `kind` stays the same while the history shrinks. */
export interface Finding {
  readonly kind: string;
  readonly text: string;
}

// What is right on its own but must not be needed where every statement is announced with its text.
const REPAIRS = `select how || ': ' || coalesce(source, statement, tag) as repair from walcast.applied_ddl
  where how ~ 'owner corrected|names lost|degraded' and coalesce(source, '') !~* 'temp' order by id limit 5`;

const UNLOGGED = `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relpersistence = 'u' and c.relkind = 'r'`;

/** A source, a target and the pipeline between them, on which histories run one after the other, each in schemas of its own. */
export class HistoryBed {
  readonly pair: DatabasePair;
  readonly #pipeline: TestPipeline;
  readonly #warnings: string[];

  private constructor(pair: DatabasePair, pipeline: TestPipeline, warnings: string[]) {
    this.pair = pair;
    this.#pipeline = pipeline;
    this.#warnings = warnings;
  }

  static async create(major: number): Promise<HistoryBed> {
    const pair = await testDatabases({ major });
    const slot = `walcast_${pair.source.name}`.slice(0, 63);
    await prepareSource(pair.source, slot);
    const warnings: string[] = [];
    const stream = new Writable({
      write(chunk, _encoding, done) {
        warnings.push(String(chunk));
        done();
      },
    });
    const pipeline = new TestPipeline({
      source: pair.source,
      targets: [{ name: 'replica', url: pair.target.url() }],
      slot,
      logger: createLogger({ level: 'warn', format: 'json', stream }),
    });
    await pair.source.query(`${MAKE_RUN_DDL}; set statement_timeout = '60s'`);
    return new HistoryBed(pair, pipeline, warnings);
  }

  /** Sends what was sent once; what the source refuses now is no matter. */
  async play({ transactions }: History): Promise<void> {
    const clients = new Map<Role, pg.Client>();
    try {
      for (const transaction of transactions) {
        const { role } = transaction;
        let client = clients.get(role);
        if (client === undefined) {
          client = await this.pair.source.client(role === 'superuser' ? undefined : role);
          await client.query("set statement_timeout = '30s'; set lock_timeout = '10s'");
          clients.set(role, client);
        }
        for (const line of linesOf(transaction)) await client.query(line).catch(() => undefined);
        await client.query('rollback');
      }
    } finally {
      await Promise.all([...clients.values()].map((client) => client.end()));
    }
  }

  /** Null: the target is equal to the source, nothing was repaired, nothing tried again. */
  async finding(): Promise<Finding | null> {
    const { source, target } = this.pair;
    try {
      await this.#pipeline.caughtUp(60_000);
    } catch (error) {
      const kind = isWalcastError(error) ? error.code : 'the pipeline';
      return {
        kind,
        text: `${String(error)}\n${isWalcastError(error) ? JSON.stringify(error.fields) : ''} ${String((error as Error).cause ?? '')}`,
      };
    }
    const [warning] = this.#warnings;
    if (warning !== undefined) return { kind: 'a warning', text: warning };
    const repairs = (await target.query(REPAIRS)).map(({ repair }) => repair ?? '');
    if (repairs.length > 0) return { kind: 'a repair', text: repairs.join('\n') };
    // the rows of unlogged tables are in no stream
    const rowsOf = (await source.query(UNLOGGED)).map(({ name }) => name ?? '');
    const { equal, schema, rows } = await compareDatabases(source, target, { ignore: { rowsOf } });
    return equal
      ? null
      : { kind: rows.length > 0 ? 'rows' : 'schema', text: [...rows, ...schema].slice(0, 60).join('\n') };
  }

  /** The schemas of all histories go: also a test of CASCADE. */
  async clear(): Promise<void> {
    await this.pair.source.query(`do $$ declare one text; begin
      for one in select nspname from pg_catalog.pg_namespace where nspname ~ '^h[0-9]+-' order by oid loop
        execute format('drop schema %I cascade', one);
      end loop; end $$`);
  }

  async dispose(): Promise<void> {
    await this.#pipeline.stop();
    await this.pair.dispose();
  }
}
