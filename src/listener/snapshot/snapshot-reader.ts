import { setTimeout as delay } from 'node:timers/promises';
import { isWalcastError, WalcastError } from '../../errors/walcast-error.ts';
import { sqlstateOf } from '../../postgres/client.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { quoteLiteral, quoteQualified } from '../../sql/quote.ts';
import type { CopyFormat, KeyRange, RangeKey, SnapshotTable } from '../../wal/snapshot.ts';
import { CopyConnection, type CopiedRows, type CopySink } from './copy-connection.ts';
import { copyStatement } from './copy-statement.ts';
import { DEFAULT_LIMITS, type SnapshotLimits } from './limits.ts';
import { lockHolders } from './lock-holders.ts';
import { readFailure } from './read-failure.ts';
import { NO_TRANSACTION_TIMEOUT } from './read-session.ts';
import { tableChange, type TableChange } from './table-change.ts';

/** Takes the rows of one range. */
export interface CopyConsumer extends CopySink {
  /** The table is locked and is what it was: rows come next. */
  begin(): Promise<void>;
}

/**
 * changed: the table is another one than at the snapshot, or was rewritten. Whatever was written before an outcome other than `copied` has to
 * be thrown away.
 */
export type CopyOutcome =
  | ({ readonly kind: 'copied' } & CopiedRows)
  | { readonly kind: 'changed'; readonly what: string }
  | { readonly kind: 'gone' };

export interface SnapshotReaderOptions {
  readonly url: string;
  readonly signal: AbortSignal;
  /** Of a `SourceSnapshot` that is open. */
  readonly exportId: string;
  /** READ COMMITTED and outside of a transaction: it sees the catalogs as they are now. May serve several readers. */
  readonly catalogs: SqlSession;
  readonly limits?: SnapshotLimits;
}

const LOCK_NOT_AVAILABLE = '55P03';
/** Undefined table, schema or column, not a table: the name stands for something else by now. */
const MOVED = new Set(['42P01', '3F000', '42703', '42809']);
/** Undefined object, invalid parameter: what SET TRANSACTION SNAPSHOT says when the exporting transaction has ended. */
const SNAPSHOT_GONE = new Set(['42704', '22023']);

/** One connection that reads rows under a snapshot, a range at a time. Of no use after it threw. */
export class SnapshotReader {
  readonly #connection: CopyConnection;
  readonly #options: SnapshotReaderOptions;
  readonly #limits: SnapshotLimits;

  private constructor(connection: CopyConnection, options: SnapshotReaderOptions, limits: SnapshotLimits) {
    this.#connection = connection;
    this.#options = options;
    this.#limits = limits;
  }

  static async connect(options: SnapshotReaderOptions): Promise<SnapshotReader> {
    const { url, signal, limits = DEFAULT_LIMITS } = options;
    const connection = await CopyConnection.connect({ url, signal, silenceMs: limits.silenceMs });
    try {
      await connection.execute(NO_TRANSACTION_TIMEOUT);
    } catch (error) {
      connection.close();
      throw error;
    }
    return new SnapshotReader(connection, options, limits);
  }

  /** The table stays locked against changes of its schema until this is over, and no longer. */
  async copy(
    table: SnapshotTable,
    key: RangeKey | null,
    range: KeyRange,
    format: CopyFormat,
    consumer: CopyConsumer,
  ): Promise<CopyOutcome> {
    try {
      const locked = await this.#lock(table);
      const before = await tableChange(this.#options.catalogs, table);
      if (before.kind !== 'same' || !locked) return await this.#giveUp(before, table);
      await consumer.begin();
      const copied = await this.#rows(table, copyStatement(table, key, range, format), consumer);
      // The lock keeps the table, but neither the name of its schema nor the types of its columns.
      const after = await tableChange(this.#options.catalogs, table);
      if (after.kind !== 'same' || copied === null) return await this.#giveUp(after, table);
      await this.#connection.execute('commit');
      return { kind: 'copied', ...copied };
    } catch (error) {
      this.#connection.close();
      throw error;
    }
  }

  close(): void {
    this.#connection.close();
  }

  /** False: there is no table of this name. */
  async #lock(table: SnapshotTable): Promise<boolean> {
    const { lockAttempts, lockPauseMs, lockTimeoutMs } = this.#limits;
    const { schema, name } = table.metadata;
    for (let attempt = 1; ; attempt++) {
      await this.#begin();
      try {
        await this.#connection.execute(`set local lock_timeout = ${lockTimeoutMs};
          lock table only ${quoteQualified(schema, name)} in access share mode;
          set local lock_timeout = 0; set local statement_timeout = ${this.#limits.copyTimeoutMs}`);
        return true;
      } catch (error) {
        const sqlstate = sqlstateOf(error) ?? '';
        if (isWalcastError(error)) throw error;
        if (MOVED.has(sqlstate)) return false;
        if (sqlstate !== LOCK_NOT_AVAILABLE) throw readFailure(error, table);
        await this.#connection.execute('rollback');
        if (attempt >= lockAttempts) throw await this.#locked(table);
        await delay(lockPauseMs, undefined, { signal: this.#options.signal });
      }
    }
  }

  async #begin(): Promise<void> {
    try {
      await this.#connection.execute(`begin isolation level repeatable read read only;
        set transaction snapshot ${quoteLiteral(this.#options.exportId)}`);
    } catch (error) {
      if (!SNAPSHOT_GONE.has(sqlstateOf(error) ?? '')) throw error;
      throw new WalcastError('E_SOURCE_CONNECTION', 'the snapshot of the source is gone: its connection has ended', {
        cause: error,
      });
    }
  }

  /** Null: the name stands for something else by now. */
  async #rows(table: SnapshotTable, statement: string, sink: CopySink): Promise<CopiedRows | null> {
    try {
      return await this.#connection.copyOut(statement, sink);
    } catch (error) {
      if (MOVED.has(sqlstateOf(error) ?? '')) return null;
      throw readFailure(error, table);
    }
  }

  async #giveUp(change: TableChange, table: SnapshotTable): Promise<CopyOutcome> {
    await this.#connection.execute('rollback');
    if (change.kind === 'same') {
      // It has its name again: it was away while we looked for it.
      return { kind: 'changed', what: `${table.metadata.schema}.${table.metadata.name} was not there for a moment` };
    }
    return change;
  }

  async #locked(table: SnapshotTable): Promise<WalcastError> {
    const { schema, name } = table.metadata;
    const holders = await lockHolders(this.#options.catalogs, table.oid);
    return new WalcastError('E_SNAPSHOT_LOCKED', `${schema}.${name} stayed locked by ${holders}`, {
      fields: { table: `${schema}.${name}`, sqlstate: LOCK_NOT_AVAILABLE },
    });
  }
}
