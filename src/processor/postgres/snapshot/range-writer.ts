import { WalcastError } from '../../../errors/walcast-error.ts';
import type { PipelinedConnection } from '../../../postgres/pipelined-connection.ts';
import { quoteIdentifier, quoteQualified } from '../../../sql/quote.ts';
import type { CopyFormat, RangeState, SnapshotWriter } from '../../../wal/snapshot.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import { serverError } from '../apply-error.ts';
import { guardCommit } from '../ddl/commit-guard.ts';
import { DEFAULT_ROW_PATH } from '../ddl/ddl-replayer.ts';
import { RoleRunner } from '../ddl/role-runner.ts';
import { TargetRoles, type TargetRole } from '../ddl/target-roles.ts';
import { UserCode } from '../ddl/user-code.ts';
import { refuseSideEffects } from '../rows/origin-role.ts';
import { CopySender } from './copy-sender.ts';
import { DirectRows, OwnedBinaryRows, OwnedTextRows, type RowReceiver } from './row-receivers.ts';
import type { SnapshotConnection, SnapshotContext } from './snapshot-context.ts';
import { rangeExists, requireHolder, writeRange } from './state-store.ts';

/** Whose transactions count: of which snapshot, and which process. */
export interface Holder {
  readonly id: string;
  readonly holder: string;
}

/** A connection that takes ranges of rows, one transaction each. */
export class RangeWriter implements SnapshotWriter {
  readonly #connection: PipelinedConnection;
  readonly #replicaRole: boolean;
  readonly #holder: Holder;
  readonly #target: string;
  readonly #searchPath: string;
  readonly #sender: CopySender;
  readonly #runner = new RoleRunner();
  readonly #userCode: UserCode;
  /** The last table that was looked at: ranges of one table follow one another. */
  #known: { readonly name: string; readonly role: TargetRole | null } | null = null;
  #receiver: RowReceiver | null = null;
  #name = '';

  constructor({ connection, replicaRole }: SnapshotConnection, holder: Holder, context: SnapshotContext) {
    const { replay, target } = context;
    this.#connection = connection;
    this.#replicaRole = replicaRole;
    this.#holder = holder;
    this.#target = target;
    this.#searchPath = replay.rowSearchPath ?? DEFAULT_ROW_PATH;
    this.#sender = new CopySender(connection);
    this.#userCode = new UserCode(this.#runner, new TargetRoles(replay.roles, replay.roleMap), {
      rowSearchPath: this.#searchPath,
      rowsRole: replay.rowsRole ?? null,
    });
  }

  async begin(table: TableMetadata, columns: readonly string[], format: CopyFormat): Promise<void> {
    this.#name = `${table.schema}.${table.name}`;
    await this.#guarded(async () => {
      const role = await this.#roleOf(table);
      await this.#connection.execute('begin');
      this.#runner.begin();
      if (role !== null) await this.#runner.prepare(this.#connection, role);
      this.#receiver = this.#receiverOf(table, columns, format, role);
      await this.#receiver.begin();
    });
  }

  write(data: Buffer): boolean {
    return this.#open().write(data);
  }

  async relieved(): Promise<void> {
    await this.#guarded(() => this.#open().relieved());
  }

  async commit(oid: number, range: RangeState): Promise<void> {
    const { id, holder } = this.#holder;
    await this.#guarded(async () => {
      await this.#open().end(range.rows);
      this.#receiver = null;
      if (this.#runner.userCodeRan) await guardCommit(this.#connection);
      await requireHolder(this.#connection, id, holder);
      if (await writeRange(this.#connection, id, oid, range)) {
        await this.#connection.execute('commit');
        return;
      }
      // The table was put aside meanwhile: its ranges are gone, and so are these rows.
      if (await rangeExists(this.#connection, id, oid, range.number))
        throw new WalcastError('E_SNAPSHOT_TAKEN', `another process has copied the same range of ${this.#name}`);
      await this.#connection.execute('rollback');
    });
  }

  close(): Promise<void> {
    this.#connection.close();
    return Promise.resolve();
  }

  #open(): RowReceiver {
    if (this.#receiver === null) throw new WalcastError('E_INTERNAL', 'rows came outside of a range');
    return this.#receiver;
  }

  async #roleOf({ schema, name }: TableMetadata): Promise<TargetRole | null> {
    if (this.#known?.name !== this.#name) {
      if (!this.#replicaRole) await refuseSideEffects(this.#connection, schema, name);
      this.#known = { name: this.#name, role: await this.#userCode.rowRole(this.#connection, schema, name) };
    }
    return this.#known.role;
  }

  #receiverOf(
    table: TableMetadata,
    names: readonly string[],
    format: CopyFormat,
    role: TargetRole | null,
  ): RowReceiver {
    if (role === null) {
      const columns = names.length === 0 ? '' : ` (${names.map(quoteIdentifier).join(', ')})`;
      const options = format === 'binary' ? ' with (format binary)' : '';
      const sql = `copy ${quoteQualified(table.schema, table.name)}${columns} from stdin${options}`;
      return new DirectRows(this.#sender, this.#name, sql);
    }
    const columns = names.map((name) => {
      const column = table.columns?.find((each) => each.name === name);
      if (column === undefined) throw new WalcastError('E_INTERNAL', `${this.#name} has no column ${name}`);
      return column;
    });
    const owned = {
      connection: this.#connection,
      runner: this.#runner,
      role,
      searchPath: this.#searchPath,
      table,
      columns,
    };
    return format === 'binary' ? new OwnedBinaryRows(owned, this.#sender) : new OwnedTextRows(owned);
  }

  /** After a failure the connection is of no use, and its transaction is gone with it. */
  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#connection.close();
      throw serverError(error, `rows of ${this.#name}, target ${this.#target}`, {
        table: this.#name,
        target: this.#target,
      });
    }
  }
}
