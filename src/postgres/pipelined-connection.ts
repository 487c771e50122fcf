import type { Socket } from 'node:net';
import type pg from 'pg';
import { WalcastError } from '../errors/walcast-error.ts';
import type { EventBatch } from '../wal/event-batch.ts';
import {
  BACKEND,
  BackendFramer,
  readColumnNames,
  readDataRow,
  readErrorFields,
  readTagCount,
} from './backend-messages.ts';
import { connectClient, type ConnectOptions } from './client.ts';
import { writeBind, writeDescribe, writeExecute, writeFlush, writeParse, writeSync } from './frontend-messages.ts';
import { DROP_ROWS, KEEP_ROWS, OPERATION, OperationQueue, type Waiter } from './operation-queue.ts';
import { OutputBuffer } from './output-buffer.ts';
import { connectionLost, type PipelineFailure } from './pipeline-failure.ts';
import { PostgresError } from './postgres-error.ts';
import type { SqlResult, SqlSession, SqlValue } from './sql-session.ts';
import { unlikeCount } from './unlike-count.ts';

/** Unanswered commands and unsent bytes above which the writer waits. */
const OPERATION_LIMIT = 8192;
const UNSENT_LIMIT = 2 * 1024 * 1024;

/** How a checked row says that it hit none. */
const DIVISION_BY_ZERO = '22012';

/**
 * A session whose commands are sent ahead of their answers. Rows are written as raw Bind/Execute from the batch's bytes; catalog queries and
 * DDL go through `query` and `execute`, each in its turn. pg does start-up, TLS and authentication, then gives its socket up.
 */
export class PipelinedConnection implements SqlSession {
  readonly out: OutputBuffer;
  /** Backend process id, to recognise the session on the server. */
  readonly processId: number;
  readonly #socket: Socket;
  readonly #queue = new OperationQueue();
  readonly #onFailure: (failure: PipelineFailure) => void;
  #recoverable = false;
  #segmentFailure: PipelineFailure | null = null;
  #failed = false;
  #closed = false;
  #names: string[] = [];
  #rows: Record<string, string | null>[] = [];
  #rowCount = 0;
  #queryError: unknown = null;
  #idleWaiters: { resolve: () => void; reject: (error: unknown) => void; below: number; unsent: number }[] = [];
  #failure: unknown = null;
  #lastAnswerAt = Date.now();

  private constructor(client: pg.Client, onFailure: (failure: PipelineFailure) => void) {
    const inner = client as unknown as { connection: { stream: Socket }; processID: number }; // pg's types leave them out
    this.#socket = inner.connection.stream;
    this.processId = inner.processID;
    this.#onFailure = onFailure;
    this.out = new OutputBuffer(this.#socket);
    const framer = new BackendFramer((kind, bytes, start, end) => this.#take(kind, bytes, start, end));
    for (const event of ['data', 'error', 'close', 'end']) this.#socket.removeAllListeners(event);
    this.#socket.on('data', (chunk: Buffer) => {
      try {
        framer.feed(chunk);
      } catch (error) {
        this.#lost(error instanceof Error ? error : new Error(String(error)));
      }
    });
    this.#socket.on('error', (error) => this.#lost(error));
    this.#socket.on('close', () => this.#lost(new Error('connection closed')));
    this.#socket.on('drain', () => this.#wake());
  }

  /** `onFailure` is called at most once, for a row or command in the pipeline or for the loss of the connection. */
  static async connect(
    options: ConnectOptions,
    onFailure: (failure: PipelineFailure) => void,
  ): Promise<PipelinedConnection> {
    return new PipelinedConnection(await connectClient(options), onFailure);
  }

  get failed(): boolean {
    return this.#failed || this.#closed;
  }

  /** The writer should wait for `relieved()` before it sends more. */
  get congested(): boolean {
    return this.#queue.size > OPERATION_LIMIT || this.out.unsent > UNSENT_LIMIT;
  }

  /** How long the server has owed an answer; 0 when it owes none. */
  get owesAnswerForMs(): number {
    return this.#queue.size === 0 ? 0 : Date.now() - this.#lastAnswerAt;
  }

  /** Parses a named statement. Its parameters have the given type oids (0: the server infers). */
  prepare(name: string, sql: string, types: readonly number[]): void {
    writeParse(this.out, name, sql, types);
  }

  /** A prepared statement with text values; its count does not matter. */
  command(name: string, values: readonly SqlValue[] = []): void {
    writeBind(this.out, name, values);
    writeExecute(this.out);
    this.#push(OPERATION.command, 0, null);
  }

  /** After the Bind of a row was written to `out`: executes it and expects one row. The batch is held until `releaseBatch`. */
  executeRow(batch: EventBatch, event: number): void {
    writeExecute(this.out);
    this.#push(OPERATION.row, event, batch);
  }

  /** The same for a statement that itself fails unless it hits one row: what follows it in the pipeline cannot happen then. */
  executeCheckedRow(batch: EventBatch, event: number): void {
    writeExecute(this.out);
    this.#push(OPERATION.checkedRow, event, batch);
  }

  /** After Bind and Execute, or a COPY, of many rows were written to `out`: expects `count` of them to be hit. `checked`: outside of segments. */
  expectRows(count: number, checked = false): void {
    this.#push(checked ? OPERATION.checkedRows : OPERATION.rows, count, null);
  }

  /** After Bind and Execute were written to `out`: what the command hits does not matter. */
  expectAnswer(): void {
    this.#push(OPERATION.command, 0, null);
  }

  /** From here to `endSegment` a failure is told by its result instead of ending the connection. */
  beginSegment(): void {
    if (this.failed) return;
    this.#queue.push(OPERATION.begin, 0, null);
    if (this.#queue.size === 1) this.#releaseAnswered();
  }

  /** Resolves when the server has answered the segment: null if all went well, else what went wrong first. */
  async endSegment(): Promise<PipelineFailure | null> {
    writeSync(this.out);
    await this.#waited(OPERATION.segment);
    const failure = this.#segmentFailure;
    this.#segmentFailure = null;
    return failure;
  }

  /** Gives the batch back as soon as all of its rows so far are answered. */
  releaseBatch(batch: EventBatch): void {
    if (this.failed || this.#queue.size === 0) batch.release();
    else this.#queue.push(OPERATION.release, 0, batch);
  }

  /** Ends a pipeline segment. Resolves when the server has done all of it, rejects if any of it failed. */
  sync(): Promise<void> {
    writeSync(this.out);
    return this.#waited(OPERATION.sync).then(() => undefined);
  }

  /** Resolves when everything sent so far is answered. */
  async drained(): Promise<void> {
    await this.#below(0);
  }

  /** Resolves when the writer may go on. */
  async relieved(): Promise<void> {
    if (this.congested) await this.#below(OPERATION_LIMIT >> 1);
  }

  /** Resolves when the operating system has all but `unsent` bytes. Sends nothing itself: the writer may be amid a message. */
  written(unsent: number): Promise<void> {
    return this.#until(Infinity, unsent);
  }

  query(sql: string, values: readonly SqlValue[] = []): Promise<SqlResult> {
    if (this.failed) return Promise.reject(this.#failure as Error);
    this.prepare('', sql, []);
    writeBind(this.out, '', values);
    writeDescribe(this.out);
    writeExecute(this.out);
    writeSync(this.out);
    return this.#waited(OPERATION.query);
  }

  async execute(sql: string): Promise<void> {
    if (this.failed) throw this.#failure;
    const bytes = Buffer.from(`${sql}\0`);
    this.out.byte(0x51); // Q
    this.out.int32(4 + bytes.length);
    this.out.slice(bytes, 0, bytes.length);
    await this.#waited(OPERATION.query, DROP_ROWS);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    this.#abandon(new WalcastError('E_TARGET_CONNECTION', 'the connection was closed'));
  }

  #push(kind: (typeof OPERATION)[keyof typeof OPERATION], event: number, subject: EventBatch | Waiter | null): void {
    if (this.failed) return; // nobody will answer, and nobody would take it off again
    if (this.#queue.size === 0) this.#lastAnswerAt = Date.now();
    this.#queue.push(kind, event, subject);
  }

  #waited(
    kind: typeof OPERATION.query | typeof OPERATION.sync | typeof OPERATION.segment,
    rows = KEEP_ROWS,
  ): Promise<SqlResult> {
    return new Promise<SqlResult>((resolve, reject) => {
      if (this.failed) {
        reject(this.#failure);
        return;
      }
      this.#push(kind, rows, { resolve, reject });
      this.out.flushSoon();
    });
  }

  #below(count: number): Promise<void> {
    if (!this.failed && (this.#queue.size > count || this.out.unsent > UNSENT_LIMIT)) {
      writeFlush(this.out);
      this.out.flush();
    }
    return this.#until(count);
  }

  #until(below: number, unsent = UNSENT_LIMIT): Promise<void> {
    if (this.failed) return Promise.reject(this.#failure as Error);
    if (this.#queue.size <= below && this.out.unsent <= unsent) return Promise.resolve();
    return new Promise((resolve, reject) => this.#idleWaiters.push({ resolve, reject, below, unsent }));
  }

  #wake(): void {
    if (this.#idleWaiters.length === 0) return;
    const ready = this.#idleWaiters.filter(
      ({ below, unsent }) => this.#queue.size <= below && this.out.unsent <= unsent,
    );
    if (ready.length === 0) return;
    this.#idleWaiters = this.#idleWaiters.filter((waiter) => !ready.includes(waiter));
    for (const { resolve } of ready) resolve();
  }

  #take(kind: number, bytes: Buffer, start: number, end: number): void {
    this.#lastAnswerAt = Date.now();
    switch (kind) {
      case BACKEND.commandComplete:
        this.#completed(bytes, start, end);
        break;
      case BACKEND.rowDescription:
        this.#names = readColumnNames(bytes, start);
        break;
      case BACKEND.dataRow:
        if (this.#queue.keepsRows) this.#rows.push(readDataRow(bytes, start, this.#names));
        break;
      case BACKEND.copyInResponse: // a set of rows brings its data along; nobody would answer for anything else
        if (this.#queue.kind === OPERATION.query) this.#lost(new Error('a statement asked for COPY data'));
        break;
      case BACKEND.readyForQuery:
        this.#ready();
        break;
      case BACKEND.error:
        this.#refused(new PostgresError(readErrorFields(bytes, start, end)));
        break;
      default: // ParseComplete, BindComplete, empty queries, notices, parameter changes: nothing to learn from them
    }
    this.#wake();
  }

  #completed(bytes: Buffer, start: number, end: number): void {
    switch (this.#queue.kind) {
      case OPERATION.row: {
        // "… 1\0": the usual answer, told apart without building a number
        const one = bytes[end - 2] === 0x31 && bytes[end - 3] === 0x20;
        if (!one) {
          const hit = readTagCount(bytes, start, end);
          const failure = { error: null, batch: this.#queue.batch, event: this.#queue.event, hit };
          if (!this.#recoverable) {
            this.#fail(failure);
            return;
          }
          this.#segmentFailure ??= failure;
        }
        this.#queue.shift();
        this.#releaseAnswered();
        break;
      }
      case OPERATION.rows:
      case OPERATION.checkedRows: {
        const hit = readTagCount(bytes, start, end);
        const unlike = hit !== this.#queue.event;
        if (unlike && this.#queue.kind === OPERATION.checkedRows)
          return this.#fail(unlikeCount(this.#queue.event, hit));
        if (unlike) this.#segmentFailure ??= { error: null, batch: null, event: 0, hit };
        this.#queue.shift();
        this.#releaseAnswered();
        break;
      }
      case OPERATION.command:
      case OPERATION.checkedRow:
        this.#queue.shift();
        this.#releaseAnswered();
        break;
      case OPERATION.query:
        this.#rowCount = readTagCount(bytes, start, end);
        break;
      default:
    }
  }

  /** Takes off what has no answer of its own, once everything before it was answered. */
  #releaseAnswered(): void {
    for (;;) {
      if (this.#queue.kind === OPERATION.release) {
        const batch = this.#queue.batch;
        this.#queue.shift();
        batch.release();
      } else if (this.#queue.kind === OPERATION.begin) {
        this.#queue.shift();
        this.#recoverable = true;
        this.#segmentFailure = null;
      } else return;
    }
  }

  #ready(): void {
    const kind = this.#queue.kind;
    if (kind !== OPERATION.query && kind !== OPERATION.sync && kind !== OPERATION.segment) return;
    if (kind === OPERATION.segment) this.#recoverable = false;
    const waiter = this.#queue.waiter;
    const error = this.#queryError;
    const result: SqlResult = { rows: this.#rows, rowCount: this.#rowCount };
    this.#rows = [];
    this.#rowCount = 0;
    this.#queryError = null;
    this.#queue.shift();
    this.#releaseAnswered();
    if (error === null) waiter?.resolve(result);
    else waiter?.reject(error);
  }

  #refused(error: PostgresError): void {
    const kind = this.#queue.kind;
    if (this.#recoverable && kind !== null) {
      this.#segmentFailure ??= { error, batch: null, event: 0, hit: null };
      this.#skipToSegmentEnd();
    } else if (kind === OPERATION.query) this.#queryError ??= error;
    else if (kind === OPERATION.checkedRow && error.sqlstate === DIVISION_BY_ZERO)
      this.#fail({ error: null, batch: this.#queue.batch, event: this.#queue.event, hit: 0 });
    else if (kind === OPERATION.row || kind === OPERATION.checkedRow)
      this.#fail({ error, batch: this.#queue.batch, event: this.#queue.event, hit: null });
    else this.#fail({ error, batch: null, event: 0, hit: null });
  }

  /** The server answers nothing more before the end of the segment. */
  #skipToSegmentEnd(): void {
    for (let kind = this.#queue.kind; kind !== null && kind !== OPERATION.segment; kind = this.#queue.kind) {
      if (kind === OPERATION.release) this.#queue.batch.release();
      this.#queue.shift();
    }
  }

  #lost(cause: Error): void {
    if (this.failed) return;
    this.#fail(connectionLost(cause));
  }

  #fail(failure: PipelineFailure): void {
    if (this.failed) return;
    this.#failed = true;
    this.#failure = failure.error;
    this.#onFailure(failure);
    this.#socket.destroy();
    this.#abandon(failure.error ?? new WalcastError('E_TARGET_CONFLICT', 'a row was not found on the target'));
  }

  #abandon(error: unknown): void {
    this.#failure ??= error;
    while (this.#queue.kind !== null) {
      const kind = this.#queue.kind;
      if (kind === OPERATION.release) this.#queue.batch.release();
      else if (kind === OPERATION.query || kind === OPERATION.sync || kind === OPERATION.segment) {
        this.#queue.waiter?.reject(error);
      }
      this.#queue.shift();
    }
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const { reject } of waiters) reject(error);
  }
}
