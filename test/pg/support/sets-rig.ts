import { Decoder } from '../../../src/decode/decoder.ts';
import { migrate } from '../../../src/migrate/migrate.ts';
import { DdlReplayer } from '../../../src/processor/postgres/ddl/ddl-replayer.ts';
import { PostgresProcessor } from '../../../src/processor/postgres/postgres-processor.ts';
import type { EventBatch } from '../../../src/wal/event-batch.ts';
import { LSN_ZERO, lsn, type Lsn } from '../../../src/wal/lsn.ts';
import type { Random } from '../../support/random.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { waitFor } from '../../support/wait-for.ts';
import { prepareStream, slotView, StreamProbe, STREAM_PUBLICATION } from '../../support/wire-stream.ts';

const HEADER = 25;
const MESSAGE = 0x4d;
const COMMIT = 0x43;

interface Recorded {
  messages: Buffer[];
  fence: boolean;
  whole: boolean;
}

/** The messages of a source, so that several targets can be given the very same ones, cut in any way. */
export class RecordedStream {
  readonly #source: TestDatabase;
  readonly #probe: StreamProbe;
  readonly #state: Recorded;

  private constructor(source: TestDatabase, probe: StreamProbe, state: Recorded) {
    this.#source = source;
    this.#probe = probe;
    this.#state = state;
  }

  static async open(source: TestDatabase, binary = false): Promise<RecordedStream> {
    const slot = await prepareStream(source);
    const state: Recorded = { messages: [], fence: false, whole: false };
    const probe = await StreamProbe.open({
      url: source.url(),
      slot,
      publication: STREAM_PUBLICATION,
      binary,
      onData: (chunk) => {
        state.messages.push(Buffer.from(chunk));
        if (chunk[HEADER] === MESSAGE) state.fence = true;
        else if (chunk[HEADER] === COMMIT && state.fence) state.whole = true;
      },
    });
    return new RecordedStream(source, probe, state);
  }

  /** Everything that was committed since the last call. */
  async take(): Promise<readonly Buffer[]> {
    const state = this.#state;
    await this.#source.query("select pg_logical_emit_message(true, 'fence', '')");
    await waitFor(() => state.whole, { what: 'the end of the history', timeoutMs: 30_000, everyMs: 2 });
    const { messages } = state;
    state.messages = [];
    state.fence = false;
    state.whole = false;
    return messages;
  }

  async close(): Promise<void> {
    await this.#probe.connection.close();
  }
}

/** A PostgreSQL target without a pipeline before it: takes recorded messages. */
export class FedTarget {
  readonly processor: PostgresProcessor;
  readonly #decoder: Decoder;
  #sealed: EventBatch[] = [];
  #durable: Lsn = LSN_ZERO;

  private constructor(processor: PostgresProcessor, binary: boolean) {
    this.processor = processor;
    this.#decoder = new Decoder({ batch: (batch) => this.#sealed.push(batch), message: () => null }, binary);
  }

  static async open(target: TestDatabase, source: TestDatabase, rowByRow: boolean, binary = false): Promise<FedTarget> {
    const processor = new PostgresProcessor({
      name: rowByRow ? 'rows' : 'sets',
      url: target.url(),
      applyDdl: true,
      rowByRow,
      ddl: () => new DdlReplayer({ roles: 'stop', roleMap: new Map() }),
      migrate: async (session) => void (await migrate(session, { set: 'target' })),
    });
    const fed = new FedTarget(processor, binary);
    const { confirmed } = await slotView(source, `${source.name}_stream`);
    const position = {
      systemIdentifier: '1',
      database: source.name,
      pipeline: 'test',
      timeline: 1,
      slotId: '00000000-0000-0000-0000-000000000001',
      serverVersion: 150000,
      confirmed,
      created: confirmed,
      history: [],
      current: lsn(2n ** 63n),
    };
    const events = {
      durable: (at: Lsn) => void (fed.#durable = at),
      failed: () => undefined, // the call that follows rejects
      ddl: () => undefined,
      copyDue: () => false,
      copyPending: () => Promise.resolve(null),
      copyOver: () => undefined,
    };
    await processor.open(position, events, new AbortController().signal);
    return fed;
  }

  get binaryRows(): number {
    return this.#decoder.binaryRows;
  }

  get durable(): Lsn {
    return this.#durable;
  }

  /** `random` cuts the messages into batches and groups; without it they come in as few as there can be. */
  async feed(messages: readonly Buffer[], random: Random | null): Promise<void> {
    const cut = random?.pick([0, 0.005, 0.05, 0.3]) ?? 0;
    const rest = random?.pick([0, 0, 0.1]) ?? 0;
    for (const message of messages) {
      this.#decoder.append(message);
      if (cut > 0 && random?.chance(cut) === true) this.#decoder.seal();
      await this.#write();
      if (rest > 0 && random?.chance(rest) === true) await this.processor.flush();
    }
    this.#decoder.seal();
    await this.#write();
    await this.processor.flush();
    await this.processor.settle();
  }

  async close(): Promise<void> {
    await this.processor.close();
  }

  async #write(): Promise<void> {
    const sealed = this.#sealed;
    if (sealed.length === 0) return;
    this.#sealed = [];
    for (const batch of sealed) {
      await this.processor.write(batch);
      batch.release();
    }
  }
}
