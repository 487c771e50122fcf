import { createHmac } from 'node:crypto';
import type { BackfillEvent, DdlCommandEvent, DdlEvent } from '../../../src/wal/ddl-event.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { decodeMessage, type StreamMessage } from './stream-message.ts';

export interface Transaction {
  readonly xid: number;
  readonly messages: readonly CapturedMessage[];
}

export type CapturedMessage = StreamMessage & {
  /** Of a logical message with our prefix and a good MAC. */
  readonly event?: DdlEvent;
};

/** Reads what a slot holds of a database, and checks the MAC of our messages with an HMAC of its own. */
export class Capture {
  readonly #database: TestDatabase;
  readonly #slot: string;
  readonly #publication: string;
  readonly #secret: Buffer;
  readonly #oid: number;
  forged = 0;

  private constructor(database: TestDatabase, slot: string, publication: string, secret: Buffer, oid: number) {
    this.#database = database;
    this.#slot = slot;
    this.#publication = publication;
    this.#secret = secret;
    this.#oid = oid;
  }

  /** walcast's core migrations have to be there; makes a publication of all tables and a slot. */
  static async start(database: TestDatabase): Promise<Capture> {
    const slot = `${database.name}_capture`;
    await database.query(`create publication captured for all tables`);
    await database.query(`select pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
    return await Capture.of(database, slot, 'captured');
  }

  static async of(database: TestDatabase, slot: string, publication: string): Promise<Capture> {
    const [row] = await database.query(`select encode(secret, 'hex') as secret,
      (select oid from pg_database where datname = current_database()) as oid from walcast.key`);
    const capture = new Capture(
      database,
      slot,
      publication,
      Buffer.from(row?.['secret'] ?? '', 'hex'),
      Number(row?.['oid']),
    );
    await capture.drain();
    return capture;
  }

  /** Everything since the last call, by transaction. */
  async drain(): Promise<Transaction[]> {
    const rows = await this.#database.query(
      `select encode(data, 'hex') as data from pg_logical_slot_get_binary_changes('${this.#slot}', null, null,
        'proto_version', '1', 'publication_names', '${this.#publication}', 'messages', 'true')`,
    );
    const transactions: Transaction[] = [];
    let open: { xid: number; messages: CapturedMessage[] } | undefined;
    for (const { data } of rows) {
      const message = decodeMessage(Buffer.from(data ?? '', 'hex'));
      if (message.kind === 'begin') open = { xid: message.xid, messages: [] };
      else if (message.kind === 'commit') {
        if (open !== undefined && open.messages.length > 0) transactions.push(open);
        open = undefined;
      } else if (open !== undefined) open.messages.push(this.#check(message, open.xid));
      else if (message.kind === 'message' && message.prefix === 'walcast') this.forged++;
    }
    return transactions;
  }

  async events(): Promise<DdlEvent[]> {
    return (await this.drain()).flatMap(({ messages }) => messages.flatMap(({ event }) => event ?? []));
  }

  async commands(): Promise<DdlCommandEvent[]> {
    return (await this.events()).filter((event): event is DdlCommandEvent => event.kind !== 'rows');
  }

  async backfills(): Promise<BackfillEvent[]> {
    return (await this.events()).filter((event) => event.kind === 'rows');
  }

  #check(message: StreamMessage, xid: number): CapturedMessage {
    if (message.kind !== 'message' || message.prefix !== 'walcast') return message;
    const mac = /^\{"mac":"([0-9a-f]{64})",/.exec(message.content)?.[1];
    const payload = `{${message.content.slice('{"mac":"'.length + 64 + '",'.length)}`;
    const signed = `walcast\n${this.#oid}\n${xid}\n${payload}`;
    if (mac === undefined || createHmac('sha256', this.#secret).update(signed).digest('hex') !== mac) {
      this.forged++;
      return message;
    }
    return { ...message, event: JSON.parse(payload) as DdlEvent };
  }
}

/** One transaction in short, e.g. `CREATE TABLE t:1 · R(t) · I(1)`: what stands where between the rows. */
export function inShort({ messages }: Transaction): string {
  return messages
    .map((message) => {
      if (message.kind === 'relation') return `R(${message.name}:${message.columns.length})`;
      if (message.kind === 'insert') return `I(${message.values.map(String).join()})`;
      if (message.kind !== 'message') return message.kind;
      const { event } = message;
      if (event === undefined) return 'forged';
      if (event.kind === 'rows') return `rows(${event.chunk}/${event.chunks ?? '?'})`;
      const shapes = (event.details?.relations ?? []).map(({ name, columns = [] }) => `${name}:${columns.length}`);
      return [
        event.kind === 'degraded' ? 'degraded' : '',
        event.tag,
        event.phase === 'end' ? '' : event.phase,
        ...shapes,
      ]
        .filter((part) => part !== '')
        .join(' ');
    })
    .join(' · ');
}
