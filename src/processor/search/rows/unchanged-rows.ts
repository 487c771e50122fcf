import { JsonMembers } from '../../../documents/rows/json-members.ts';
import { GrowingBuffer } from '../../../postgres/growing-buffer.ts';
import { formatLsn, type Lsn } from '../../../wal/lsn.ts';
import { WalcastError } from '../../../errors/walcast-error.ts';
import type { BulkTarget, BulkWriter } from '../bulk/index.ts';
import type { SearchClient } from '../client/index.ts';
import type { SourceCatalog } from '../source-catalog.ts';
import type { Binding } from './binding.ts';

/** A row of which the stream left values out. Its bytes are its own. */
interface WaitingRow {
  readonly binding: Binding;
  readonly id: Buffer;
  readonly routing: Buffer | undefined;
  readonly bytes: Buffer;
  readonly fields: Int32Array;
  readonly version: Lsn;
  readonly lsn: Lsn;
}

const MAX_ROWS = 500;
const MAX_BYTES = 4 * 1024 * 1024;

export interface UnchangedRowsOptions {
  readonly writer: BulkWriter;
  readonly client: SearchClient;
  readonly catalog: SourceCatalog;
  readonly signal: AbortSignal;
}

/**
 * Large values that an update did not change are not in the stream. They are taken from the row's document; where that has none, from the
 * source: a value that is newer than the row is followed by the row that brought it. Rows wait here, a few hundred at most, so that the
 * cluster is asked for many documents at once; whatever comes for one of their ids waits for them.
 */
export class UnchangedRows {
  readonly #options: UnchangedRowsOptions;
  #rows: WaitingRow[] = [];
  #bytes = 0;
  #ids = new Set<string>();
  #version: Lsn = 0n as Lsn;
  #transaction = 0n;
  /** Those that the rows are of. */
  readonly #transactions = new Set<bigint>();

  constructor(options: UnchangedRowsOptions) {
    this.#options = options;
  }

  get empty(): boolean {
    return this.#rows.length === 0;
  }

  get full(): boolean {
    return this.#rows.length >= MAX_ROWS || this.#bytes >= MAX_BYTES;
  }

  /** Of what comes next. */
  begin(version: Lsn, transaction: bigint): void {
    this.#version = version;
    this.#transaction = transaction;
  }

  /** Has a row of this id to be written first? */
  waits({ target }: Binding, id: GrowingBuffer): boolean {
    return this.#rows.length > 0 && this.#ids.has(keyOf(target, id.bytes, id.length));
  }

  /** Its id stands in the writer's. */
  add(binding: Binding, bytes: Buffer, fields: Int32Array, at: number, lsn: Lsn): void {
    const { id } = this.#options.writer;
    this.#ids.add(keyOf(binding.target, id.bytes, id.length));
    const columns = binding.columns.length;
    const own = new Int32Array(columns * 2);
    let length = 0;
    for (let i = 0; i < columns; i++) length += Math.max(0, fields[at + i * 2 + 1] as number);
    const copy = Buffer.allocUnsafe(length);
    let to = 0;
    for (let i = 0; i < columns; i++) {
      const [from, size] = [fields[at + i * 2] as number, fields[at + i * 2 + 1] as number];
      own[i * 2] = to;
      own[i * 2 + 1] = size;
      if (size > 0) to += bytes.copy(copy, to, from, from + size);
    }
    this.#rows.push({
      binding,
      id: Buffer.from(id.bytes.subarray(0, id.length)),
      routing: copyOf(binding.route(copy, own, 0)),
      bytes: copy,
      fields: own,
      version: this.#version,
      lsn,
    });
    this.#bytes += length;
    this.#transactions.add(this.#transaction);
  }

  /** Writes all that wait. Whatever was written before is confirmed by then. */
  async release(): Promise<void> {
    if (this.#rows.length === 0) return;
    const rows = this.#rows;
    await this.#options.writer.drained();
    const stored = await this.#stored(rows);
    const left: WaitingRow[] = [];
    for (const [i, row] of rows.entries()) {
      if (!this.#write(row, row.bytes, row.fields, stored[i])) left.push(row);
    }
    await this.#fromSource(left);
    this.#options.writer.version(this.#version);
    this.clear();
  }

  clear(): void {
    this.#rows = [];
    this.#bytes = 0;
    this.#ids = new Set();
    this.#transactions.clear();
  }

  async #stored(rows: readonly WaitingRow[]): Promise<(JsonMembers | undefined)[]> {
    const answer = await this.#options.client.request({
      method: 'POST',
      path: '/_mget',
      body: {
        docs: rows.map(({ binding, id, routing }) => ({
          _index: binding.target.index,
          _id: id.toString('utf8'),
          ...(routing === undefined ? {} : { routing: routing.toString('utf8') }),
        })),
      },
      signal: this.#options.signal,
    });
    const documents = JsonMembers.of(answer.bytes).member('docs');
    return rows.map((_, i) => documents?.member(i)?.member('_source'));
  }

  /** By table, since each is another query. */
  async #fromSource(rows: readonly WaitingRow[]): Promise<void> {
    if (rows.length === 0) return;
    // what the source does not show yet would be taken for gone
    await this.#options.catalog.untilVisible([...this.#transactions]);
    const groups = new Map<string, WaitingRow[]>();
    for (const row of rows) {
      const group = `${row.binding.oid} ${row.binding.codec.unchanged(row.fields, 0).join(' ')}`;
      groups.set(group, [...(groups.get(group) ?? []), row]);
    }
    for (const group of groups.values()) await this.#ask(group);
  }

  async #ask(rows: readonly WaitingRow[]): Promise<void> {
    const first = rows[0];
    if (first === undefined) return;
    const { binding } = first;
    const missing = binding.codec.unchanged(first.fields, 0);
    const found = await this.#options.catalog.values({
      oid: binding.oid,
      keyNames: binding.keyColumns.map((place) => binding.columns[place]?.name ?? ''),
      keys: rows.map(({ bytes, fields }) => binding.keyColumns.map((place) => textOf(bytes, fields, place))),
      columns: missing.map((place) => ({
        name: binding.columns[place]?.name ?? '',
        typeOid: binding.columns[place]?.typeOid ?? 0,
      })),
    });
    for (const [i, row] of rows.entries()) {
      const values = found[i] ?? null;
      // gone, or of another key by now: its last version comes with the stream, whole or to be asked for again
      const filled = fill(row, missing, values ?? missing.map(() => null));
      if (!this.#write(row, filled.bytes, filled.fields, undefined))
        throw new WalcastError('E_INTERNAL', `the row of ${binding.table} at ${formatLsn(row.lsn)} lacks a value`);
    }
  }

  #write(row: WaitingRow, bytes: Buffer, fields: Int32Array, stored: JsonMembers | undefined): boolean {
    const { writer } = this.#options;
    const { binding, id, routing, version } = row;
    writer.version(version);
    writer.id.clear();
    writer.id.reserve(id.length);
    writer.id.length = id.copy(writer.id.bytes, 0);
    writer.begin('index', binding.target, routing === undefined ? undefined : asBuffer(routing));
    if (binding.codec.write(bytes, fields, 0, writer.out, stored) > 0) {
      writer.cancel();
      return false;
    }
    writer.end();
    return true;
  }
}

function keyOf(target: BulkTarget, bytes: Buffer, length: number): string {
  return `${target.number} ${bytes.toString('latin1', 0, length)}`;
}

function textOf(bytes: Buffer, fields: Int32Array, place: number): string {
  const from = fields[place * 2] as number;
  return bytes.toString('utf8', from, from + Math.max(0, fields[place * 2 + 1] as number));
}

function copyOf(buffer: GrowingBuffer | undefined): Buffer | undefined {
  return buffer === undefined ? undefined : Buffer.from(buffer.bytes.subarray(0, buffer.length));
}

function asBuffer(bytes: Buffer): GrowingBuffer {
  const buffer = new GrowingBuffer(Math.max(1, bytes.length));
  buffer.length = bytes.copy(buffer.bytes, 0);
  return buffer;
}

/** The row with these texts in the places that the stream left out. */
function fill(
  { bytes, fields }: WaitingRow,
  places: readonly number[],
  values: readonly (string | null)[],
): { readonly bytes: Buffer; readonly fields: Int32Array } {
  const parts = [bytes];
  const filled = Int32Array.from(fields);
  let at = bytes.length;
  for (const [i, place] of places.entries()) {
    const value = values[i] ?? null;
    const text = value === null ? null : Buffer.from(value);
    filled[place * 2] = at;
    filled[place * 2 + 1] = text === null ? -1 : text.length;
    if (text === null) continue;
    parts.push(text);
    at += text.length;
  }
  return { bytes: Buffer.concat(parts), fields: filled };
}
