import type pg from 'pg';
import { oid } from '../../../src/wal/ids.ts';
import type { Relation } from '../../../src/wal/relation.ts';

/** Stands for a TOAST value that an update left alone. */
export const UNCHANGED = Symbol('unchanged');
export type Field = string | null | typeof UNCHANGED;

export type SlotMessage =
  | { readonly kind: 'relation'; readonly relation: Relation }
  | { readonly kind: 'insert'; readonly oid: number; readonly after: readonly Field[] }
  | {
      readonly kind: 'update';
      readonly oid: number;
      readonly before: readonly Field[] | null;
      readonly after: readonly Field[];
    }
  | { readonly kind: 'delete'; readonly oid: number; readonly before: readonly Field[] }
  | { readonly kind: 'truncate'; readonly oids: readonly number[]; readonly restart: boolean }
  | { readonly kind: 'message'; readonly prefix: string; readonly content: Buffer };

export interface SlotTransaction {
  readonly xid: number;
  readonly messages: readonly SlotMessage[];
}

/** Everything that the slot holds, as whole transactions; consumed. */
export async function drainSlot(client: pg.Client, slot: string, publication: string): Promise<SlotTransaction[]> {
  const { rows } = await client.query<{ data: string }>(
    `select encode(data, 'hex') as data from pg_logical_slot_get_binary_changes($1, null, null,
      'proto_version', '1', 'publication_names', $2, 'messages', 'true')`,
    [slot, publication],
  );
  const transactions: SlotTransaction[] = [];
  let open: { xid: number; messages: SlotMessage[] } | null = null;
  for (const { data } of rows) {
    const reader = new Reader(Buffer.from(data, 'hex'));
    const type = reader.char();
    if (type === 'B') open = { xid: reader.skip(16).int32(), messages: [] };
    else if (type === 'C') {
      if (open !== null && open.messages.length > 0) transactions.push(open);
      open = null;
    } else if (open !== null) {
      const message = decode(type, reader);
      if (message !== null) open.messages.push(message);
    }
  }
  return transactions;
}

function decode(type: string, reader: Reader): SlotMessage | null {
  switch (type) {
    case 'M': {
      const prefix = reader.skip(9).cstring();
      return { kind: 'message', prefix, content: reader.bytes(reader.int32()) };
    }
    case 'R': {
      const id = oid(reader.int32());
      const schema = reader.cstring() || 'pg_catalog';
      const name = reader.cstring();
      const replicaIdentity = reader.char() as Relation['replicaIdentity'];
      const columns = Array.from({ length: reader.int16() }, () => ({
        key: reader.byte() === 1,
        name: reader.cstring(),
        typeOid: oid(reader.int32()),
        typmod: reader.int32() | 0,
      }));
      return { kind: 'relation', relation: { oid: id, schema, name, replicaIdentity, columns } };
    }
    case 'I':
      return { kind: 'insert', oid: reader.int32(), after: reader.skip(1).tuple() };
    case 'U': {
      const id = reader.int32();
      const before = reader.char() === 'N' ? null : reader.tuple();
      return { kind: 'update', oid: id, before, after: before === null ? reader.tuple() : reader.skip(1).tuple() };
    }
    case 'D':
      return { kind: 'delete', oid: reader.int32(), before: reader.skip(1).tuple() };
    case 'T': {
      const count = reader.int32();
      const restart = (reader.byte() & 2) !== 0;
      return { kind: 'truncate', restart, oids: Array.from({ length: count }, () => reader.int32()) };
    }
    default:
      return null;
  }
}

class Reader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  skip(count: number): this {
    this.#at += count;
    return this;
  }

  byte(): number {
    return this.#buffer.readUInt8(this.#at++);
  }

  char(): string {
    return String.fromCharCode(this.byte());
  }

  int16(): number {
    return this.skip(2).#buffer.readUInt16BE(this.#at - 2);
  }

  int32(): number {
    return this.skip(4).#buffer.readUInt32BE(this.#at - 4);
  }

  bytes(count: number): Buffer {
    return this.skip(count).#buffer.subarray(this.#at - count, this.#at);
  }

  cstring(): string {
    const text = this.bytes(this.#buffer.indexOf(0, this.#at) - this.#at).toString();
    this.#at++;
    return text;
  }

  tuple(): Field[] {
    return Array.from({ length: this.int16() }, () => {
      const kind = this.char();
      return kind === 't' ? this.bytes(this.int32()).toString() : kind === 'n' ? null : UNCHANGED;
    });
  }
}
