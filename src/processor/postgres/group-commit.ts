import { WalcastError } from '../../errors/walcast-error.ts';
import type { PipelinedConnection } from '../../postgres/pipelined-connection.ts';
import type { Lsn } from '../../wal/lsn.ts';
import type { SourcePosition } from '../../wal/processor.ts';
import { ADVANCE_STATEMENT, advanceValues } from './checkpoint-store.ts';
import type { Durability } from './durability.ts';
import type { Group } from './group.ts';
import type { RowApplier } from './rows/row-applier.ts';

export interface GroupCommitOptions {
  readonly connection: PipelinedConnection;
  readonly source: SourcePosition;
  readonly rows: RowApplier;
  readonly durability: Durability;
  /** The checkpoint. */
  readonly position: Lsn;
  /** A group failed while nobody waited for it. */
  readonly failed: (error: unknown) => void;
  /** The server has dropped its prepared statements. */
  readonly statementsGone: () => void;
}

/**
 * Begins the target's transactions and ends each with its checkpoint. A group whose rows are under way is committed as soon as the last of them was
 * answered, whatever the writer is at; meanwhile the rows of the next are collected. Nothing of it goes out before.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #open = false;
  #sent: Lsn;
  #checkpoint: Lsn;
  #closing: Promise<void> | null = null;
  #committing: Promise<void> = Promise.resolve();
  /** The commit before the last. */
  #former: Promise<void> = Promise.resolve();

  constructor(options: GroupCommitOptions) {
    this.#options = options;
    this.#sent = options.position;
    this.#checkpoint = options.position;
  }

  /** Answered. */
  get checkpoint(): Lsn {
    return this.#checkpoint;
  }

  /** The transaction of the group at hand was begun on the server: whatever is sent belongs to it. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** To be awaited before anything is sent. */
  async open(): Promise<void> {
    while (this.#closing !== null) await this.#closing;
    if (this.#open) return;
    const { connection, rows } = this.#options;
    connection.command('begin');
    if (rows.deferrable) connection.command('defer');
    this.#open = true;
  }

  /** Sends the rest of the group. The next one may be collected as soon as this resolves. */
  async close(group: Group): Promise<void> {
    const { rows } = this.#options;
    const end = group.end;
    if (end === null) throw new WalcastError('E_INTERNAL', 'a group without a transaction');
    const untouched = !this.#open;
    if (untouched) {
      await this.open();
      await this.#former;
    }
    group.open = false;
    if (untouched && !rows.statementsExhausted) {
      if (rows.sendChecked()) {
        this.#open = false;
        this.#commit(end);
        return;
      }
      if (rows.sendWhole()) {
        this.#open = false;
        this.#closing = this.#commitWhole(end);
        this.#closing.catch(this.#options.failed);
        return;
      }
    }
    await rows.send();
    this.#open = false;
    this.#closing = this.#commitWhenAnswered(end);
    this.#closing.catch(this.#options.failed);
  }

  /** Resolves when everything that was closed is committed. */
  async settled(): Promise<void> {
    while (this.#closing !== null) await this.#closing;
    await this.#committing;
  }

  /** A position without rows. */
  async record(position: Lsn): Promise<void> {
    while (this.#closing !== null) await this.#closing;
    if (position <= this.#sent) return;
    this.#options.connection.command('begin');
    this.#commit(position);
  }

  /** Rows, checkpoint and COMMIT are under way in one segment: if anything in it fails, none of it has happened, and its rows go one by one. */
  async #commitWhole(end: Lsn): Promise<void> {
    const { connection, source, rows, durability } = this.#options;
    connection.command(ADVANCE_STATEMENT, advanceValues(source, this.#sent, end));
    connection.command('commit');
    if ((await connection.endSegment()) === null) {
      rows.wholeDone(false);
      this.#sent = end;
      this.#checkpoint = end;
      durability.committed(end);
      this.#closing = null;
      return;
    }
    await connection.query('rollback');
    connection.command('begin');
    if (rows.deferrable) connection.command('defer');
    rows.wholeDone(true);
    await this.#commitWhenAnswered(end);
  }

  async #commitWhenAnswered(end: Lsn): Promise<void> {
    const { connection, rows, statementsGone } = this.#options;
    await rows.settle();
    await connection.drained();
    this.#commit(end);
    if (rows.statementsExhausted) {
      await connection.query('deallocate all');
      statementsGone();
    }
    this.#closing = null;
  }

  /** Checkpoint and COMMIT go in one piece, so that neither the successor of a group that failed nor a second daemon can commit. */
  #commit(end: Lsn): void {
    const { connection, source, durability } = this.#options;
    connection.command(ADVANCE_STATEMENT, advanceValues(source, this.#sent, end));
    connection.command('commit');
    this.#sent = end;
    this.#former = this.#committing;
    this.#committing = connection.sync().then(() => {
      this.#checkpoint = end;
      durability.committed(end);
    });
    this.#committing.catch(() => undefined); // reported through the connection's failure
  }
}
