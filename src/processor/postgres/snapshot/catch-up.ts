import { WalcastError } from '../../../errors/walcast-error.ts';
import type { PipelinedConnection } from '../../../postgres/pipelined-connection.ts';
import type { DdlCommandEvent, DdlEvent } from '../../../wal/ddl-event.ts';
import type { EventBatch } from '../../../wal/event-batch.ts';
import { type BeginEvent, type TruncateEvent } from '../../../wal/event-batch.ts';
import type { Lsn } from '../../../wal/lsn.ts';
import type { PendingCopies } from '../../../wal/processor.ts';
import type { SnapshotState } from '../../../wal/snapshot.ts';
import { SnapshotFilter, VERDICT, type Verdict } from '../../../wal/snapshot-cut.ts';
import { isPostgresFailure } from '../ddl/server-errors.ts';
import type { RowApplier } from '../rows/row-applier.ts';
import { splitUpdate } from './split-update.ts';
import { forgetTable, postpone, writeTableState, type SnapshotHead } from './state-store.ts';
import { emptyTable } from './target-tables.ts';

/** unique_violation, exclusion_violation */
export const TWICE = ['23505', '23P01'];

/** Of the tables a change of schema was about: foreign keys that the source holds valid and the target does not yet. */
const POSTPONED = `
select k.oid::text as oid from json_to_recordset($1::json) as wanted (schema text, name text, constraint_name text)
  join pg_namespace n on n.nspname = wanted.schema join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
  join pg_constraint k on k.conrelid = c.oid and k.conname = wanted.constraint_name
where k.contype = 'f' and not k.convalidated`;

export interface CatchUpOptions {
  readonly connection: PipelinedConnection;
  readonly rows: RowApplier;
  readonly replicaRole: boolean;
  readonly head: SnapshotHead;
  readonly state: SnapshotState;
  /** The stream goes on from here. */
  readonly position: Lsn;
}

/** The stretch of the stream that the initial copy holds in part: from where the target joined to where the last range was copied. */
export class CatchUp {
  readonly #options: CatchUpOptions;
  readonly #postponed: Set<number>;
  #filter: SnapshotFilter;

  constructor(options: CatchUpOptions) {
    this.#options = options;
    this.#postponed = new Set(options.head.postponed);
    this.#filter = this.#filterOf(options.state, []);
    this.#filter.reach(options.position);
  }

  /** Nothing of the copy matters any more to what comes. */
  get over(): boolean {
    return this.#filter.spent;
  }

  get pending(): PendingCopies | null {
    const { pending: tables, dropped } = this.#filter;
    return tables.size === 0 ? null : { tables, dropped };
  }

  /** Foreign keys that are not valid yet: a live set. */
  get postponed(): ReadonlySet<number> {
    return this.#postponed;
  }

  reach(position: Lsn): void {
    this.#filter.reach(position);
  }

  /** Tables were copied, all before `position` being applied. */
  adopt(state: SnapshotState, position: Lsn): void {
    this.#filter = this.#filterOf(state, this.#filter.dropped);
    this.#filter.reach(position);
  }

  /** False: nothing of the transaction is to be judged. */
  begin({ xid, commitLsn }: BeginEvent): boolean {
    this.#filter.begin(xid, commitLsn);
    return !this.#filter.spent;
  }

  row(batch: EventBatch, i: number): Verdict {
    return this.#filter.row(batch, i);
  }

  /** Where neither the whole row event is there nor all of it is missing: what is to be written instead; null: nothing. */
  async part(verdict: Verdict, batch: EventBatch, i: number): Promise<EventBatch | null> {
    const oid = batch.refs[i] as number;
    const columns = this.#options.rows.relation(oid)?.columns.length ?? 0;
    const half = verdict === VERDICT.restart ? null : splitUpdate(verdict, batch, i, columns);
    if (half === null) await this.#startOver(oid);
    return half;
  }

  /** The tables whose TRUNCATE the target lacks; null: none. */
  async truncate(event: TruncateEvent): Promise<TruncateEvent | null> {
    const relations = [];
    for (const relation of event.relations) if (await this.#applies(relation.oid)) relations.push(relation);
    return relations.length === 0 ? null : { ...event, relations };
  }

  /** Is the change to be made here? */
  async takes(event: DdlEvent): Promise<boolean> {
    if (event.kind === 'rows') return await this.#applies(event.oid);
    if (this.#filter.schemaHolds) return false;
    // The rows of a rewrite do not come for a table that waits for its copy.
    const rewritten = event.phase === 'rewrite' ? event.details?.oid : undefined;
    return rewritten === undefined || !this.#filter.has(rewritten) || (await this.#applies(rewritten));
  }

  /** A change was made, or left to others. */
  async changed(event: DdlCommandEvent): Promise<void> {
    const { connection, head } = this.#options;
    for (const { class: catalog, oid, sub } of event.details?.dropped ?? []) {
      if (catalog === 'pg_class' && sub === undefined && this.#filter.forget(oid))
        await forgetTable(connection, head.id, oid);
    }
    const wanted = (event.details?.relations ?? []).flatMap(({ schema, name, constraints = [] }) =>
      constraints
        .filter(({ type, definition }) => type === 'f' && !definition.endsWith(' NOT VALID'))
        .map((constraint) => ({ schema, name, constraint_name: constraint.name })),
    );
    if (wanted.length === 0) return;
    const { rows } = await connection.query(POSTPONED, [JSON.stringify(wanted)]);
    const added = rows.map(({ oid }) => oid ?? '').filter((oid) => !this.#postponed.has(Number(oid)));
    await postpone(connection, head.id, added);
    for (const oid of added) this.#postponed.add(Number(oid));
  }

  /**
   * A constraint was refused, since rows that were copied under different snapshots do not fit together yet. True: their table starts over,
   * so that another attempt is worth it.
   */
  async clears(error: unknown, event: DdlEvent): Promise<boolean> {
    const cause = error instanceof WalcastError ? error.cause : error;
    if (event.kind === 'rows' || !isPostgresFailure(cause, TWICE)) return false;
    const table = event.details?.relations?.find(({ schema, name }) => schema === cause.schema && name === cause.table);
    if (table === undefined || !this.mixed(table.oid)) return false;
    await this.#startOver(table.oid);
    return true;
  }

  /** Rows of the table were copied under several snapshots: some may be ahead of others, so that a value is there twice for a while. */
  mixed(oid: number): boolean {
    return this.#filter.mixed(oid);
  }

  async #applies(oid: number): Promise<boolean> {
    const verdict = this.#filter.table(oid);
    if (verdict === VERDICT.byKey) {
      await this.#startOver(oid);
      this.#filter.table(oid); // notes the transaction
      return false;
    }
    return verdict === VERDICT.apply;
  }

  /** In the open transaction: the table is empty, waits for its copy, and nothing of it is applied until then. */
  async #startOver(oid: number): Promise<void> {
    const { connection, rows, replicaRole, head } = this.#options;
    await rows.finish();
    await connection.drained();
    const relation = rows.relation(oid) ?? this.#filter.tableOf(oid);
    await emptyTable(connection, relation, { replicaRole, byDelete: true });
    await writeTableState(connection, head.id, oid, 'changed');
    this.#filter.restart(oid);
    this.#filter.table(oid);
  }

  #filterOf(state: SnapshotState, dropped: Iterable<bigint>): SnapshotFilter {
    return new SnapshotFilter(state, (oid) => this.#options.rows.relation(oid), dropped);
  }
}
