import { WalcastError } from '../../../errors/walcast-error.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import { describeDifferences } from '../../../schema/compare-tables.ts';
import type { SchemaSection, SectionProgress, TableState } from '../../../wal/snapshot.ts';
import { formatSnapshot } from '../../../wal/visibility.ts';
import { shownStatement } from '../ddl/ddl-errors.ts';
import { RoleRunner } from '../ddl/role-runner.ts';
import { isRefusal } from '../ddl/server-errors.ts';
import { TargetRoles, type TargetRole } from '../ddl/target-roles.ts';
import { shapeMismatches } from '../ddl/verify-shapes.ts';
import { TWICE } from './catch-up.ts';
import { buildMemory } from './build-memory.ts';
import { eachAtOnce } from './each-at-once.ts';
import { inTransaction } from './in-transaction.ts';
import { IndexWatch } from './index-watch.ts';
import type { Holder } from './range-writer.ts';
import { runChunk, type ChunkFailure } from './restore-chunk.ts';
import { sideBuilds } from './side-builds.ts';
import { withConnections, type SnapshotConnection, type SnapshotContext } from './snapshot-context.ts';
import { countStatements, readHead, readState, readStatements, requireHolder, writeTableState } from './state-store.ts';
import { planStored, type PlanFacts, type PlannedStatement } from './statement-plan.ts';
import { emptyTable } from './target-tables.ts';

const CHUNK_STATEMENTS = 100;
/** Bytes of the tables that a chunk of post-data works on: what is lost if it does not get to its end. */
const CHUNK_BYTES = 64 * 1024 * 1024;
/** Characters of SQL on their way to the server. */
const CHUNK_TEXT = 1024 * 1024;
const TABLES_A_LOOK = 100;
const SHOWN_CHARACTERS = 120;

const PARTITIONED = `
select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'p' and current_setting('server_version_num')::int < 180000`;

const FOREIGN_KEY_VIOLATION = '23503';

/** Makes the schema of the stored script, as far as it is missing. */
export class Restorer {
  readonly #context: SnapshotContext;
  readonly #session: SqlSession;
  readonly #connection: SnapshotConnection;
  readonly #holder: Holder;
  readonly #runner = new RoleRunner();
  readonly #roles: TargetRoles;
  readonly #known = new Map<string, TargetRole>();
  #tables = new Map<string, TableState>();
  #memory = '';
  #postponeKeys = false;
  /** Partitioned tables: up to 17 they take no foreign key that is NOT VALID. */
  #checkedAtOnce: ReadonlySet<string> = new Set();

  constructor(context: SnapshotContext, connection: SnapshotConnection, holder: Holder) {
    this.#context = context;
    this.#connection = connection;
    this.#session = connection.connection;
    this.#holder = holder;
    this.#roles = new TargetRoles(context.replay.roles, context.replay.roleMap);
  }

  async restore(
    section: SchemaSection,
    report: (progress: SectionProgress) => void,
    signal: AbortSignal,
    connections: number,
  ): Promise<void> {
    await this.#look(section);
    this.#memory = await buildMemory(this.#session, 1);
    const facts: PlanFacts = { resolve: (role) => this.#resolve(role), schemas: await schemaNames(this.#session) };
    const { total, done: before } = await countStatements(this.#session, this.#holder.id, section);
    let done = before;
    const read = (after: number): Promise<PlannedStatement[]> => this.#read(section, after, facts);
    if (section === 'post-data' && connections > 1) {
      await this.#buildBeside(read, connections, signal, (built, current) => {
        done += built;
        report({ done, total, current });
      });
    }
    for (let last = -1; ; ) {
      const planned = await read(last);
      if (planned.length === 0) break;
      for (const chunk of this.#chunks(planned, section)) {
        signal.throwIfAborted();
        const current = shown(chunk[0]);
        report({ done, total, current });
        await this.#run(chunk, (share) => report({ done, total, current: `${current} (${share})` }));
        done += chunk.length;
        last = chunk.at(-1)?.number ?? last;
      }
    }
    report({ done, total, current: '' });
    if (section === 'post-data') await this.#compare(signal);
  }

  async #read(section: SchemaSection, after: number, facts: PlanFacts): Promise<PlannedStatement[]> {
    const stored = await readStatements(this.#session, this.#holder.id, section, after, CHUNK_STATEMENTS);
    const planned: PlannedStatement[] = [];
    for (const statement of stored) planned.push(await planStored(statement, facts));
    return planned;
  }

  /** What is refused here comes again in its turn, where more is known about it. */
  async #buildBeside(
    read: (after: number) => Promise<PlannedStatement[]>,
    connections: number,
    signal: AbortSignal,
    report: (built: number, current: string) => void,
  ): Promise<void> {
    const planned: PlannedStatement[] = [];
    for (let page = await read(-1); page.length > 0; page = await read(page.at(-1)?.number ?? 0))
      planned.push(...page.filter(({ buildsIndex }) => buildsIndex));
    const weight = ([first]: readonly PlannedStatement[]): number =>
      this.#tables.get(`${first?.table?.schema ?? ''}\0${first?.table?.name ?? ''}`)?.table.bytes ?? 0;
    const tables = (await sideBuilds(this.#session, planned)).sort((a, b) => weight(b) - weight(a));
    const sessions = Math.min(connections, tables.length);
    if (sessions < 2) return;
    const memory = await buildMemory(this.#session, sessions);
    await withConnections(this.#context, sessions, async (opened) => {
      await eachAtOnce(opened, tables, async ({ connection }, builds) => {
        for (const chunk of this.#chunks(builds, 'post-data')) {
          signal.throwIfAborted();
          const current = shown(chunk[0]);
          report(0, current);
          const watch = this.#watch(connection, (share) => report(0, `${current} (${share})`));
          const rules = { memory, postpones: () => false };
          try {
            if ((await runChunk(connection, this.#holder, new RoleRunner(), chunk, rules)) !== null) return;
          } finally {
            await watch.stop();
          }
          report(chunk.length, current);
        }
      });
    });
  }

  #watch({ processId }: SnapshotConnection['connection'], tell: (share: string) => void): IndexWatch {
    return new IndexWatch(this.#context.url, processId, tell);
  }

  async #run(chunk: readonly PlannedStatement[], share: (text: string) => void): Promise<void> {
    const watch = this.#watch(this.#connection.connection, share);
    try {
      for (;;) {
        const failure = await runChunk(this.#session, this.#holder, this.#runner, chunk, {
          memory: this.#memory,
          postpones: ({ schema, name }) => this.#postponeKeys && !this.#checkedAtOnce.has(`${schema}\0${name}`),
        });
        if (failure === null) return;
        if (!(await this.#startsOver(failure))) throw refusal(failure, this.#context.target);
      }
    } finally {
      await watch.stop();
    }
  }

  /**
   * Rows that were copied under different snapshots need not fit together yet. A table whose own rows do not is copied again once the stream
   * has come so far; empty, it takes any constraint.
   */
  async #startsOver({ statement, error }: ChunkFailure): Promise<boolean> {
    const { schema = statement.table?.schema ?? '', table: name = statement.table?.name ?? '' } = error;
    const table = this.#tables.get(`${schema}\0${name}`);
    if (table === undefined || table.state !== 'copied') return false;
    const several = cutsOf(table).size > 1;
    if (
      !(TWICE.includes(error.sqlstate) && several) &&
      !(error.sqlstate === FOREIGN_KEY_VIOLATION && this.#postponeKeys)
    )
      return false;
    const { id, holder } = this.#holder;
    await inTransaction(this.#session, async () => {
      await requireHolder(this.#session, id, holder);
      await emptyTable(this.#session, table.table.metadata, this.#connection);
      await writeTableState(this.#session, id, table.table.oid, 'changed');
    });
    await this.#look('post-data');
    return true;
  }

  /** How the rows came here decides what their constraints can be held to. */
  async #look(section: SchemaSection): Promise<void> {
    if (section === 'pre-data') return;
    const head = await readHead(this.#session, this.#context.source);
    if (head === null) throw new WalcastError('E_INTERNAL', 'the copy is not there any more');
    const { tables } = await readState(this.#session, head);
    this.#tables = new Map(
      tables.map((state) => [`${state.table.metadata.schema}\0${state.table.metadata.name}`, state]),
    );
    const cuts = new Set(tables.flatMap((state) => [...cutsOf(state)]));
    const { rows } = await this.#session.query(PARTITIONED);
    this.#checkedAtOnce = new Set(rows.map((row) => `${row['schema'] ?? ''}\0${row['name'] ?? ''}`));
    this.#postponeKeys = cuts.size > 1 || tables.some(({ state }) => state !== 'copied');
  }

  #chunks(planned: readonly PlannedStatement[], section: SchemaSection): PlannedStatement[][] {
    const chunks: PlannedStatement[][] = [];
    let weight = 0;
    let text = 0;
    for (const statement of planned) {
      const { table, sql } = statement;
      const state = table === null ? undefined : this.#tables.get(`${table.schema}\0${table.name}`);
      const bytes = section === 'pre-data' ? 0 : (state?.table.bytes ?? 0);
      const last = chunks.at(-1);
      weight += bytes;
      text += sql?.length ?? 0;
      if (last !== undefined && weight <= CHUNK_BYTES && text <= CHUNK_TEXT) last.push(statement);
      else {
        chunks.push([statement]);
        weight = bytes;
        text = sql?.length ?? 0;
      }
    }
    return chunks;
  }

  async #resolve(name: string): Promise<TargetRole> {
    let role = this.#known.get(name);
    if (role === undefined) {
      role = await this.#roles.resolve(this.#session, name);
      this.#known.set(name, role);
    }
    return role;
  }

  /** Once, at the end: not one statement after the other, which would look at every table many times. */
  async #compare(signal: AbortSignal): Promise<void> {
    const head = await readHead(this.#session, this.#context.source);
    const postponed = new Set(head?.postponed);
    const tables = [...this.#tables.values()].map(({ table }) => table.metadata);
    const lines: string[] = [];
    for (let from = 0; from < tables.length; from += TABLES_A_LOOK) {
      signal.throwIfAborted();
      const page = tables.slice(from, from + TABLES_A_LOOK);
      const { serverVersion } = this.#context.source;
      for (const { table, differences } of await shapeMismatches(
        this.#session,
        this.#roles,
        page,
        serverVersion,
        postponed,
      ))
        lines.push(describeDifferences(`${table.schema}.${table.name}`, differences));
    }
    if (lines.length === 0) return;
    const more = lines.length > 5 ? `\n… and ${lines.length - 5} more tables` : '';
    throw new WalcastError(
      'E_DDL_MISMATCH',
      `The schema was copied, but the target differs:\n${lines.slice(0, 5).join('\n')}${more}`,
      { fields: { target: this.#context.target } },
    );
  }
}

function cutsOf({ ranges }: TableState): Set<string> {
  return new Set(ranges.flatMap(({ cut }) => (cut === null ? [] : [`${cut.until} ${formatSnapshot(cut.snapshot)}`])));
}

async function schemaNames(session: SqlSession): Promise<ReadonlySet<string>> {
  const { rows } = await session.query('select nspname as name from pg_namespace');
  return new Set(rows.map(({ name }) => name ?? ''));
}

function refusal({ statement: { event }, sql, error }: ChunkFailure, target: string): unknown {
  if (!isRefusal(error)) return error;
  const statement = shownStatement(event.tag, sql);
  const detail = [error.detail, error.hint].filter((line) => line !== undefined).join(' ');
  return new WalcastError(
    'E_SNAPSHOT_STATEMENT',
    `target ${target} refused a statement of the schema: ${error.message}${detail === '' ? '' : ` (${detail})`}\n${statement}`,
    { cause: error, fields: { target, tag: event.tag, statement, sqlstate: error.sqlstate } },
  );
}

function shown(statement: PlannedStatement | undefined): string {
  const text = statement?.sql ?? statement?.event.tag ?? '';
  const line = shownStatement(statement?.event.tag ?? '', text).replaceAll(/\s+/g, ' ');
  return line.length <= SHOWN_CHARACTERS ? line : `${line.slice(0, SHOWN_CHARACTERS)}…`;
}
