import type pg from 'pg';
import { Decoder, type DecoderHooks } from '../../src/decode/decoder.ts';
import { ReplicationConnection } from '../../src/listener/postgres/replication-connection.ts';
import { clientConfig } from '../../src/postgres/client.ts';
import { READING_OPTIONS } from '../../src/postgres/pinned-settings.ts';
import { EVENT, type BeginEvent, type CommitEvent, type EventBatch } from '../../src/wal/event-batch.ts';
import { parseLsn, type Lsn } from '../../src/wal/lsn.ts';
import type { TestDatabase } from './test-database.ts';
import { waitFor } from './wait-for.ts';

export const STREAM_PUBLICATION = 'streamed';

export interface StreamedTransaction {
  readonly begin: Lsn;
  readonly end: Lsn;
  /** First column of each row. */
  readonly rows: readonly (string | null | undefined)[];
}

/** A slot and a publication of all tables, without anything of walcast. */
export async function prepareStream(source: TestDatabase): Promise<string> {
  const slot = `${source.name}_stream`;
  await source.query(`create publication ${STREAM_PUBLICATION} for all tables`);
  await source.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [slot]);
  return slot;
}

export interface StreamProbeOptions {
  readonly url: string;
  readonly slot: string;
  readonly publication?: string;
  readonly config?: pg.ClientConfig;
  readonly openTimeoutMs?: number;
  readonly binary?: boolean;
  /** Called for each message before it is decoded. */
  readonly onData?: (chunk: Buffer) => void;
}

/** The replication connection with the decoder behind it, and nothing else: what came is kept. */
export class StreamProbe {
  readonly transactions: StreamedTransaction[] = [];
  readonly rows: (readonly (string | null | undefined)[])[] = [];
  readonly messages: string[] = [];
  readonly connection: ReplicationConnection;
  readonly #decoder: Decoder;
  readonly #columns = new Map<number, number>();
  #begin: Lsn | null = null;
  #rows: (string | null | undefined)[] = [];
  keepalives = 0;

  constructor({
    url,
    slot,
    publication = STREAM_PUBLICATION,
    config,
    onData,
    openTimeoutMs,
    binary = false,
  }: StreamProbeOptions) {
    const hooks: DecoderHooks = {
      batch: (batch) => this.#take(batch),
      message: (_prefix, content) => {
        this.#contents.push(content);
        return null;
      },
    };
    this.#decoder = new Decoder(hooks, binary);
    this.connection = new ReplicationConnection(
      { ...clientConfig({ url, applicationName: 'test stream', options: READING_OPTIONS, side: 'source' }), ...config },
      {
        slot,
        publication,
        binary,
        ...(openTimeoutMs === undefined ? {} : { openTimeoutMs }),
        handlers: {
          data: (bytes, start, end) => {
            const chunk = bytes.subarray(start, end);
            onData?.(chunk);
            this.#decoder.append(chunk);
          },
          keepalive: () => this.keepalives++,
        },
      },
    );
  }

  readonly #contents: Buffer[] = [];

  static async open(options: StreamProbeOptions): Promise<StreamProbe> {
    const probe = new StreamProbe(options);
    await probe.connection.open();
    return probe;
  }

  /** Contents of the logical messages, read as late as possible: a buffer that was kept by mistake would show. */
  get contents(): string[] {
    return this.#contents.map((content) => content.toString());
  }

  seal(): this {
    this.#decoder.seal();
    return this;
  }

  /** Resolves when that many whole transactions are here. */
  async received(transactions: number, timeoutMs = 15_000): Promise<readonly StreamedTransaction[]> {
    await waitFor(() => this.seal().transactions.length >= transactions, {
      what: `${transactions} transactions`,
      timeoutMs,
    });
    return this.transactions;
  }

  #take(batch: EventBatch): void {
    for (let i = 0; i < batch.count; i++) {
      const kind = batch.kind(i);
      if (kind === EVENT.begin) this.#begin = batch.object<BeginEvent>(i).commitLsn;
      else if (kind === EVENT.commit) this.#commit(batch.object<CommitEvent>(i).endLsn);
      else if (kind === EVENT.relation) {
        const relation = batch.object(i);
        if ('columns' in relation) this.#columns.set(relation.oid, relation.columns.length);
      } else if (kind === EVENT.insert || kind === EVENT.update)
        this.#row(batch, batch.newAt[i] as number, batch.relationOid(i));
      else if (kind === EVENT.delete) this.#row(batch, batch.oldAt[i] as number, batch.relationOid(i));
    }
    batch.release();
  }

  #row(batch: EventBatch, at: number, oid: number): void {
    const row = Array.from({ length: this.#columns.get(oid) ?? 0 }, (_, column) => batch.text(at, column));
    this.rows.push(row);
    this.#rows.push(row[0]);
  }

  #commit(end: Lsn): void {
    this.transactions.push({ begin: this.#begin ?? (0n as Lsn), end, rows: this.#rows });
    this.#rows = [];
  }
}

export interface SlotView {
  readonly confirmed: Lsn;
  readonly active: boolean;
}

export async function slotView(source: TestDatabase, slot: string): Promise<SlotView> {
  const [row] = await source.query(
    'select confirmed_flush_lsn::text as confirmed, active::text as active from pg_replication_slots where slot_name = $1',
    [slot],
  );
  return { confirmed: parseLsn(row?.['confirmed'] ?? ''), active: row?.['active'] === 'true' };
}

/** Walsenders of this database. */
export async function walsenders(source: TestDatabase): Promise<number> {
  return Number(
    await source.value("select count(*) from pg_stat_activity where backend_type = 'walsender' and datname = $1", [
      source.name,
    ]),
  );
}
