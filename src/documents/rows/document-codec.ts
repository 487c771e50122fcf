import { FIELD_NULL, FIELD_UNCHANGED } from '../../wal/event-batch.ts';
import type { GrowingBuffer } from '../../postgres/growing-buffer.ts';
import { append } from '../values/append.ts';
import type { ValueWriter } from '../values/value-writer.ts';
import type { DocumentColumn } from './document-column.ts';
import type { JsonMembers } from './json-members.ts';
import { keyBytes, memberWriter } from './member-writer.ts';

const COMMA = 0x2c;
const BRACE = 0x7b;

interface Member {
  readonly write: ValueWriter;
  readonly key: Buffer;
  readonly keys: readonly string[];
}

/**
 * Rows of one shape as JSON objects. A row is pairs (offset, length) in `fields` from `at` on, pointing into `bytes`, as an EventBatch has them:
 * rows of the stream and of a copy become the same document.
 */
export class DocumentCodec {
  readonly #members: readonly (Member | null)[];
  /** What every document begins with, `{` included. */
  readonly #head: Buffer;
  readonly #headMembers: boolean;

  /** @param columns in the order of the rows' fields; null: not in the document · @param head members that are the same in all documents */
  constructor(columns: readonly (DocumentColumn | null)[], head: Readonly<Record<string, string>> = {}) {
    this.#members = columns.map((column) =>
      column === null
        ? null
        : {
            write: memberWriter(column),
            key: keyBytes(column.key),
            keys: [column.key, column.textKey, column.rawKey].filter((key) => key !== undefined),
          },
    );
    this.#head = Buffer.from(JSON.stringify(head).slice(0, -1));
    this.#headMembers = Object.keys(head).length > 0;
  }

  /** Columns whose value the stream left out because it did not change. */
  unchanged(fields: Int32Array, at: number): number[] {
    return [...this.#members.keys()].filter(
      (i) => this.#members[i] !== null && fields[at + i * 2 + 1] === FIELD_UNCHANGED,
    );
  }

  /**
   * Appends the document. Unchanged values are taken from `stored`, an earlier document of the same row and shape; returns how many it lacks:
   * above 0 the document is not whole.
   */
  write(bytes: Buffer, fields: Int32Array, at: number, out: GrowingBuffer, stored?: JsonMembers): number {
    append(this.#head, 0, this.#head.length, out);
    let first = !this.#headMembers;
    let missing = 0;
    const members = this.#members;
    for (let i = 0; i < members.length; i++) {
      const member = members[i];
      if (member === null || member === undefined) continue;
      const length = fields[at + i * 2 + 1] as number;
      if (length === FIELD_UNCHANGED) {
        const found = stored !== undefined && copyStored(member.keys, stored, out, first);
        if (found) first = false;
        else missing++;
        continue;
      }
      if (first) first = false;
      else out.byte(COMMA);
      if (length === FIELD_NULL) {
        append(member.key, 0, member.key.length, out);
        out.text('null');
      } else member.write(bytes, fields[at + i * 2] as number, length, out);
    }
    out.byte(BRACE + 2);
    return missing;
  }
}

function copyStored(keys: readonly string[], stored: JsonMembers, out: GrowingBuffer, first: boolean): boolean {
  let found = false;
  for (const key of keys) {
    const value = stored.raw(key);
    if (value === undefined) continue;
    if (found || !first) out.byte(COMMA);
    out.text(`${JSON.stringify(key)}:`);
    append(value, 0, value.length, out);
    found = true;
  }
  return found;
}
