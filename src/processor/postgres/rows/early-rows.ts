import { WalcastError } from '../../../errors/walcast-error.ts';
import type { PipelinedConnection } from '../../../postgres/pipelined-connection.ts';
import type { EventBatch } from '../../../wal/event-batch.ts';
import type { Relation } from '../../../wal/relation.ts';
import type { DdlApplier } from '../ddl-applier.ts';
import { HeldRows } from './held-rows.ts';
import type { RowApplier } from './row-applier.ts';
import type { TargetTable } from './target-table.ts';

export interface EarlyRowsOptions {
  readonly target: string;
  readonly connection: PipelinedConnection;
  readonly rows: RowApplier;
  readonly ddl: DdlApplier;
  /** The policy `ddl: apply`: what nobody announced may be made from its rows. */
  readonly applyDdl: boolean;
  readonly userCodeRan: () => void;
}

/** Rows of tables that are not there (yet): `CREATE TABLE AS` writes its rows before its event. They wait for it within their transaction. */
export class EarlyRows {
  readonly #options: EarlyRowsOptions;
  readonly #held = new HeldRows();

  constructor(options: EarlyRowsOptions) {
    this.#options = options;
  }

  get empty(): boolean {
    return this.#held.empty;
  }

  clear(): void {
    this.#held.clear();
  }

  /** A row that did not find its way into the pipeline. */
  async take(batch: EventBatch, i: number): Promise<void> {
    const { rows, userCodeRan } = this.#options;
    const oid = batch.refs[i] as number;
    if (this.#held.has(oid) || (await rows.table(oid)) === null) {
      this.#held.add(batch, i, rows.relation(oid)?.columns.length ?? 0);
      return;
    }
    if (await rows.writeSlowly(batch, i)) userCodeRan();
  }

  /** A change of schema may have made some of their tables. */
  async releaseMade(): Promise<void> {
    for (const oid of this.#held.relations) {
      if ((await this.#options.rows.table(oid)) !== null) await this.#release(oid);
    }
  }

  /** The transaction ends and no event has made the others. */
  async releaseAll(): Promise<void> {
    const { connection, rows, ddl, applyDdl, userCodeRan } = this.#options;
    for (const oid of this.#held.relations) {
      const relation = rows.relation(oid);
      if (relation === null) throw new WalcastError('E_INTERNAL', `rows held for relation ${oid}, which is unknown`);
      await rows.finish();
      await connection.drained();
      if (!applyDdl) throw this.missing(relation);
      await ddl.gap(relation, connection);
      userCodeRan();
      rows.forgetShapes();
      if ((await rows.table(oid)) === null) throw this.missing(relation);
      await this.#release(oid);
    }
  }

  /** The tables of a command that a row of them would find; `what` needs all of them. */
  async tables(relations: readonly Relation[], what: string): Promise<TargetTable[]> {
    const tables: TargetTable[] = [];
    for (const relation of relations) {
      const table = await this.#options.rows.table(relation.oid);
      if (table === null) throw this.missing(relation, what);
      tables.push(table);
    }
    return tables;
  }

  missing({ schema, name }: Relation, what = 'rows'): WalcastError {
    const { target } = this.#options;
    return new WalcastError(
      'E_TARGET_TABLE_MISSING',
      `${what} came for ${schema}.${name}, which target ${target} does not have`,
      { fields: { table: `${schema}.${name}`, target } },
    );
  }

  async #release(oid: number): Promise<void> {
    const { connection, rows, userCodeRan } = this.#options;
    for (const batch of this.#held.take(oid)) {
      for (let i = 0; i < batch.count; i++) {
        if (!rows.write(batch, i) && (await rows.writeSlowly(batch, i))) userCodeRan();
        if (rows.full) await rows.send();
        if (connection.congested) await connection.relieved();
      }
      connection.releaseBatch(batch);
    }
  }
}
