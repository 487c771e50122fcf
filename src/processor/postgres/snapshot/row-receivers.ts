import { WalcastError } from '../../../errors/walcast-error.ts';
import type { PipelinedConnection } from '../../../postgres/pipelined-connection.ts';
import { quoteIdentifier, quoteQualified } from '../../../sql/quote.ts';
import type { ColumnMetadata, TableMetadata } from '../../../wal/table-metadata.ts';
import type { RoleRunner } from '../ddl/role-runner.ts';
import type { TargetRole } from '../ddl/target-roles.ts';
import type { CopySender } from './copy-sender.ts';
import { CopyTextRows, type CopyRow } from './copy-text-rows.ts';

/** Takes the rows of one range, inside the open transaction. */
export interface RowReceiver {
  begin(): Promise<void>;
  /** False: wait for `relieved`. */
  write(data: Buffer): boolean;
  relieved(): Promise<void>;
  /** Everything is in the table: exactly `rows` of them. */
  end(rows: number): Promise<void>;
}

/** A Bind message counts its parameters in 16 bits; a statement of many rows is bounded in bytes too. */
const MAX_PARAMETERS = 20_000;
const MAX_BYTES = 256 * 1024;
/** Bytes that wait for their statement, above which the sender has to wait. */
const WAITING_BYTES = 1024 * 1024;

/** Straight into the table. */
export class DirectRows implements RowReceiver {
  readonly #sender: CopySender;
  readonly #sql: string;
  readonly #name: string;

  constructor(sender: CopySender, name: string, sql: string) {
    this.#sender = sender;
    this.#name = name;
    this.#sql = sql;
  }

  begin(): Promise<void> {
    this.#sender.begin(this.#sql);
    return Promise.resolve();
  }

  write(data: Buffer): boolean {
    return this.#sender.write(data);
  }

  relieved(): Promise<void> {
    return this.#sender.relieved();
  }

  async end(rows: number): Promise<void> {
    const failure = await this.#sender.end(rows);
    if (failure === null) return;
    throw failure.hit === null ? (failure.error as Error) : countMismatch(this.#name, rows, failure.hit);
  }
}

/** What rows of a table need that reach a user's code: they are written with the rights of `role`. */
export interface OwnedTable {
  readonly connection: PipelinedConnection;
  readonly runner: RoleRunner;
  readonly role: TargetRole;
  readonly searchPath: string;
  readonly table: TableMetadata;
  readonly columns: readonly ColumnMetadata[];
}

function insertInto({ table, columns }: OwnedTable): string {
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  return `insert into ${quoteQualified(table.schema, table.name)} ${names === '' ? '' : `(${names}) overriding system value`}`;
}

/** Text: rows become statements whose values are read by the input function of each type, as the role. */
export class OwnedTextRows implements RowReceiver {
  readonly #owned: OwnedTable;
  readonly #reader: CopyTextRows;
  #rows: CopyRow[] = [];
  #bytes = 0;
  #waiting = 0;
  #written = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(owned: OwnedTable) {
    this.#owned = owned;
    const atOnce = Math.max(1, Math.trunc(MAX_PARAMETERS / Math.max(1, owned.columns.length)));
    this.#reader = new CopyTextRows(owned.columns.length, (row, bytes) => {
      this.#rows.push(row);
      this.#bytes += bytes;
      if (this.#rows.length >= atOnce || this.#bytes >= MAX_BYTES) this.#flush();
    });
  }

  begin(): Promise<void> {
    return Promise.resolve();
  }

  write(data: Buffer): boolean {
    this.#reader.feed(data);
    return this.#waiting < WAITING_BYTES;
  }

  async relieved(): Promise<void> {
    await this.#work;
  }

  async end(rows: number): Promise<void> {
    this.#flush();
    await this.#work;
    if (this.#written !== rows) throw countMismatch(this.#owned.table.name, rows, this.#written);
  }

  #flush(): void {
    const rows = this.#rows;
    const bytes = this.#bytes;
    if (rows.length === 0) return;
    this.#rows = [];
    this.#bytes = 0;
    this.#waiting += bytes;
    this.#work = this.#work.then(async () => {
      await this.#insert(rows);
      this.#waiting -= bytes;
    });
    this.#work.catch(() => undefined); // met by `relieved` or `end`
  }

  async #insert(rows: readonly CopyRow[]): Promise<void> {
    const { connection, runner, role, searchPath, columns } = this.#owned;
    const tuples = rows.map(
      (_, row) => `(${columns.map(({ type }, i) => `$${row * columns.length + i + 1}::${type}`).join(', ')})`,
    );
    const values = columns.length === 0 ? 'default values' : `values ${tuples.join(', ')}`;
    const times = columns.length === 0 ? rows.length : 1;
    for (let n = 0; n < times; n++) {
      this.#written += await runner.runRow(
        connection,
        role,
        `${insertInto(this.#owned)} ${values}`,
        rows.flat(),
        searchPath,
      );
    }
  }
}

/** Binary, so of built-in types only: by way of a temporary table, which runs nobody's code. */
export class OwnedBinaryRows implements RowReceiver {
  readonly #owned: OwnedTable;
  readonly #direct: DirectRows;

  constructor(owned: OwnedTable, sender: CopySender) {
    this.#owned = owned;
    this.#direct = new DirectRows(sender, owned.table.name, `copy ${STAGE} from stdin with (format binary)`);
  }

  async begin(): Promise<void> {
    const { connection, columns, role } = this.#owned;
    const types = columns.map(({ type }, i) => `c${i} ${type}`);
    await connection.execute(`create temporary table walcast_rows (${types.join(', ')}) on commit drop`);
    await connection.execute(`grant select on ${STAGE} to ${quoteIdentifier(role.name)}`);
    await this.#direct.begin();
  }

  write(data: Buffer): boolean {
    return this.#direct.write(data);
  }

  relieved(): Promise<void> {
    return this.#direct.relieved();
  }

  async end(rows: number): Promise<void> {
    await this.#direct.end(rows);
    const { connection, runner, role, searchPath, table, columns } = this.#owned;
    const names = columns.map((_, i) => `c${i}`).join(', ');
    const sql = `${insertInto(this.#owned)} select ${names} from ${STAGE}`;
    const written = await runner.runRow(connection, role, sql, [], searchPath);
    if (written !== rows) throw countMismatch(table.name, rows, written);
  }
}

const STAGE = 'pg_temp.walcast_rows';

function countMismatch(table: string, sent: number, written: number): WalcastError {
  return new WalcastError('E_TARGET_CONFLICT', `of ${sent} rows for ${table} the target took ${written}`, {
    fields: { table },
  });
}
