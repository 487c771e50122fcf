import { createHmac, timingSafeEqual } from 'node:crypto';
import { WalcastError } from '../errors/walcast-error.ts';
import type { DdlEvent } from '../wal/ddl-event.ts';
import { parseLsn } from '../wal/lsn.ts';

/** Prefix of our logical messages, and the first line of what their MAC covers. */
export const MESSAGE_PREFIX = 'walcast';

/** The version this reader was made for; the next one may only add fields, so it is read too. */
export const MESSAGE_VERSION = 1;

/** The server itself cannot build a longer JSON value; a longer message is not one of ours. */
const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;

const HEAD = /^\{"mac":"([0-9a-f]{64})",/;
const HEAD_BYTES = '{"mac":"'.length + 64 + '",'.length;

/**
 * Tells the messages of our event triggers from those that anybody may write with our prefix. The MAC binds a message to its database and
 * transaction; `at` must grow within the transaction, so that a copy made in the same transaction is refused as well.
 */
export class DdlMessageVerifier {
  readonly #secret: Buffer;
  readonly #databaseOid: number;
  #xid = 0;
  #lastAt = -1n;
  #forged = 0;

  constructor(options: { readonly secret: Buffer; readonly databaseOid: number }) {
    this.#secret = Buffer.from(options.secret);
    this.#databaseOid = options.databaseOid;
  }

  /** Messages with our prefix that were not ours. */
  get forged(): number {
    return this.#forged;
  }

  /** A transaction starts: its xid as the Begin message carries it. */
  begin(xid: number): void {
    this.#xid = xid;
    this.#lastAt = -1n;
  }

  /** The event, or null for a message that our triggers did not write in this transaction at this place. */
  verify(content: Buffer): DdlEvent | null {
    const payload = this.#authenticPayload(content);
    if (payload === null) return this.#refuse();
    const event = JSON.parse(payload) as DdlEvent;
    const at = parseLsn(event.at) as bigint;
    if (at <= this.#lastAt) return this.#refuse();
    this.#lastAt = at;
    const known = event.v === MESSAGE_VERSION || event.v === MESSAGE_VERSION + 1;
    if (!known || !['ddl', 'rows', 'degraded'].includes(event.kind)) {
      throw new WalcastError(
        'E_DDL_MESSAGE_VERSION',
        `The source's triggers sent a message of version ${String(event.v)}, kind ${String(event.kind)}; this walcast reads versions ${MESSAGE_VERSION} and ${MESSAGE_VERSION + 1}.`,
        { fields: { at: event.at } },
      );
    }
    return event;
  }

  #refuse(): null {
    this.#forged++;
    return null;
  }

  #authenticPayload(content: Buffer): string | null {
    if (content.length > MAX_MESSAGE_BYTES) return null;
    const mac = HEAD.exec(content.toString('latin1', 0, HEAD_BYTES))?.[1];
    if (mac === undefined) return null;
    const rest = content.subarray(HEAD_BYTES);
    const expected = createHmac('sha256', this.#secret)
      .update(`${MESSAGE_PREFIX}\n${this.#databaseOid}\n${this.#xid}\n{`)
      .update(rest)
      .digest();
    return timingSafeEqual(expected, Buffer.from(mac, 'hex')) ? `{${rest.toString('utf8')}` : null;
  }
}
