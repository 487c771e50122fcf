import { isWalcastError, WalcastError } from '../../errors/walcast-error.ts';
import type { EventBatch } from '../../wal/event-batch.ts';
import { formatLsn, LSN_ZERO, maxLsn, type Lsn } from '../../wal/lsn.ts';
import type { Processor, ProcessorEvents, ProcessorState, SourcePosition } from '../../wal/processor.ts';
import type { SnapshotSink } from '../../wal/snapshot.ts';
import { BulkWriter } from './bulk/index.ts';
import { untilQuiet } from './client/index.ts';
import { withoutInjector } from './ddl/schema-changes.ts';
import type { SearchOptions } from './search-options.ts';
import { SearchSession } from './search-session.ts';
import { SearchSink } from './snapshot/search-sink.ts';
import { makeIndexes } from './snapshot/make-indexes.ts';
import { openCheckpoint, readCheckpoint, refuseAnotherServer } from './state/checkpoint-store.ts';
import { StreamApplier, type SearchTotals } from './stream-applier.ts';

interface Open {
  readonly session: SearchSession;
  readonly writer: BulkWriter;
  readonly applier: StreamApplier;
  readonly events: ProcessorEvents;
}

/** An OpenSearch target: an index a table, which follows the table through every change of its rows and of its shape. */
export class SearchProcessor implements Processor {
  readonly name: string;
  readonly takesBinary = false;
  readonly #options: SearchOptions;
  readonly #totals: SearchTotals = { rows: 0, transactions: 0, ddl: 0, lastCommitTime: null };
  #open: Open | null = null;
  #failure: Error | null = null;
  #checkpoint: Lsn = LSN_ZERO;

  constructor(options: SearchOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** What is copied beside the stream goes into the indexes of the stream, which stands still meanwhile. */
  async openSnapshot(source: SourcePosition, signal: AbortSignal): Promise<SnapshotSink> {
    const open = this.#open;
    if (open !== null)
      return new SearchSink({
        session: open.session,
        source,
        version: maxLsn(source.confirmed, open.applier.reached),
        streaming: true,
        close: () => Promise.resolve(),
      });
    const session = await SearchSession.open(this.#options, source, signal);
    return new SearchSink({
      session,
      source,
      version: source.confirmed,
      streaming: false,
      close: () => session.close(),
    });
  }

  async open(source: SourcePosition, events: ProcessorEvents, signal: AbortSignal): Promise<Lsn | null> {
    this.#failure = null;
    const session = await SearchSession.open(this.#options, source, signal);
    let writer: BulkWriter | null = null;
    try {
      await untilQuiet(session.client, session.signal);
      const position = await this.#join(session, source);
      if (position === null) {
        await session.close();
        return null;
      }
      await session.tables.load(position);
      writer = this.#writer(session, events);
      const applier = new StreamApplier({
        ...{ session, source, writer, events, position },
        totals: this.#totals,
        near: await session.catalog.nextXid(),
        failed: (error) => this.#failed(error, events),
      });
      await applier.open();
      this.#checkpoint = position;
      this.#open = { session, writer, applier, events };
      return position;
    } catch (error) {
      await writer?.close();
      await session.close();
      throw this.#described(error);
    }
  }

  async write(batch: EventBatch): Promise<void> {
    await this.#guarded((applier) => applier.write(batch));
  }

  async flush(): Promise<void> {
    await this.#guarded((applier) => applier.flush());
  }

  async settle(): Promise<void> {
    await this.#guarded((applier) => applier.settle());
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    if (open === null) return;
    this.#checkpoint = open.applier.checkpoint;
    await open.writer.close();
    await open.session.close();
  }

  describe(): ProcessorState {
    return { checkpoint: this.#open?.applier.checkpoint ?? this.#checkpoint, ...this.#totals };
  }

  /** Where the target stands in the stream; null: it has to be filled first. */
  async #join(session: SearchSession, source: SourcePosition): Promise<Lsn | null> {
    const { catalog, copies, documents, options } = session;
    if ((await catalog.tableIds(null)) === null) throw withoutInjector(this.name);
    const head = await copies.head();
    if (head !== null && head.phase !== 'catchup') return null;
    const known = await readCheckpoint(documents);
    if (known === null) {
      await refuseAnotherServer(session.client, options.prefix, source, this.name, session.signal);
      if (options.snapshot === 'initial' && head === null) return null;
      const first = await openCheckpoint(documents, source, this.name);
      await makeIndexes(session, { tables: await currentTables(session) }, { until: source.current }, false);
      return first.lsn;
    }
    return (await openCheckpoint(documents, source, this.name)).lsn;
  }

  #writer(session: SearchSession, events: ProcessorEvents): BulkWriter {
    const { bulk } = this.#options;
    return new BulkWriter({
      client: session.client,
      maxBytes: bulk.bytes,
      maxCount: bulk.count,
      maxRequests: bulk.requests,
      refused: session.refused,
      signal: session.signal,
      failed: (error) => this.#failed(error, events),
    });
  }

  async #guarded(action: (applier: StreamApplier) => Promise<void>): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#open === null) throw new WalcastError('E_INTERNAL', `target ${this.name} is not open`);
    const { applier, events } = this.#open;
    try {
      await action(applier);
    } catch (error) {
      throw this.#failed(error, events);
    }
  }

  /** The first failure counts; what follows from it says nothing new. */
  #failed(error: unknown, events: ProcessorEvents): Error {
    if (this.#failure === null) {
      this.#failure = this.#described(error);
      events.failed(this.#failure);
    }
    return this.#failure;
  }

  #described(error: unknown): Error {
    if (!isWalcastError(error)) return error instanceof Error ? error : new Error(String(error));
    const { code, message, hint, retryable, fields, cause } = error;
    const lsn = this.#open === null ? {} : { lsn: formatLsn(this.#open.applier.begun) };
    return new WalcastError(code, message, {
      cause,
      hint,
      retryable,
      fields: { target: this.name, ...lsn, ...fields },
    });
  }
}

async function currentTables({ catalog }: SearchSession): Promise<Parameters<typeof makeIndexes>[1]['tables']> {
  const relations = await catalog.allRelations();
  return relations
    .filter(({ kind }) => kind === 'r')
    .map((metadata) => ({ oid: metadata.oid, metadata, fileNode: '', bytes: 0, estimatedRows: 0 }));
}
