import { createHmac, timingSafeEqual } from 'node:crypto';
import { WalcastError } from '../errors/walcast-error.ts';
import type { DdlEvent, KeyEvent } from '../wal/ddl-event.ts';
import { formatLsn, parseLsn, type Lsn } from '../wal/lsn.ts';
import type { MessageKey } from '../wal/message-key.ts';
import { expandXid, isVisible, type VisibilitySnapshot } from '../wal/visibility.ts';

/** Prefix of our logical messages, and the first line of what their MAC covers. */
export const MESSAGE_PREFIX = 'walcast';

/** The version this reader was made for; the next one may only add fields, so it is read too. */
export const MESSAGE_VERSION = 1;
/** Triggers of before may not be upgraded yet, and what they wrote stays in the WAL until every target has it. */
const OLDEST_VERSION = 1;

/** The server itself cannot build a longer JSON value; a longer message is not one of ours. */
const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;

const HEAD = /^\{"mac":"([0-9a-f]{64})",/;
const HEAD_BYTES = '{"mac":"'.length + 64 + '",'.length;

export interface VerifierOptions {
  readonly keys: readonly MessageKey[];
  /** What was visible when the keys were read. */
  readonly keysReadAt: VisibilitySnapshot;
  readonly databaseOid: number;
}

/**
 * Tells the messages of our event triggers from those that anybody may write with our prefix. The MAC binds a message to its database and
 * transaction; `at` must grow within the transaction, so that a copy made in the same transaction is refused as well.
 *
 * A message that no key fits is never a reason to look for another key, since anybody may write it: the source announces a new key, signed
 * with the one before, ahead of everything that is signed with it.
 */
export class DdlMessageVerifier {
  /** Newest first. */
  readonly #keys: { readonly generation: number; readonly secret: Buffer; retired: Lsn | null }[];
  readonly #keysReadAt: VisibilitySnapshot;
  readonly #databaseOid: number;
  #xid = 0;
  #lastAt = -1n;
  #forged = 0;

  constructor({ keys, keysReadAt, databaseOid }: VerifierOptions) {
    this.#keys = keys
      .map(({ secret, ...key }) => ({ ...key, secret: Buffer.from(secret) }))
      .sort((a, b) => b.generation - a.generation);
    this.#keysReadAt = keysReadAt;
    this.#databaseOid = databaseOid;
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

  /**
   * The event, or null for a message that our triggers did not write in this transaction at this place, or that was for us alone.
   * `position` is where the message stands in the WAL.
   */
  verify(content: Buffer, position: Lsn): DdlEvent | null {
    const authentic = this.#authentic(content, position);
    if (authentic === null) return this.#refuse();
    const event = JSON.parse(authentic.payload) as DdlEvent | KeyEvent;
    const at = parseLsn(event.at) as bigint;
    if (at <= this.#lastAt) return this.#refuse();
    this.#lastAt = at;
    const known = Number.isInteger(event.v) && event.v >= OLDEST_VERSION && event.v <= MESSAGE_VERSION + 1;
    if (!known || !['ddl', 'rows', 'degraded', 'key'].includes(event.kind)) {
      throw new WalcastError(
        'E_DDL_MESSAGE_VERSION',
        `at ${formatLsn(position)} the source's triggers sent a message of version ${String(event.v)}, kind ${String(event.kind)}; this walcast reads versions ${OLDEST_VERSION} to ${MESSAGE_VERSION + 1}`,
        { fields: { lsn: formatLsn(position) } },
      );
    }
    if (event.kind !== 'key') return event;
    return this.#keyChange(event, authentic.generation, position);
  }

  #keyChange({ generation, retired }: KeyEvent, signer: number, position: Lsn): null {
    const newest = this.#keys[0]?.generation ?? 0;
    if (retired === null) {
      if (generation <= newest) return null;
      // Whoever has an older key may announce one that does not exist: the keys read after that transaction ended tell.
      if (isVisible(this.#keysReadAt, expandXid(this.#xid, this.#keysReadAt.xmax))) return this.#refuse();
      throw new WalcastError('E_KEY_RENEWED', `the source has a new key, generation ${generation}`, {
        fields: { lsn: formatLsn(position) },
      });
    }
    if (generation >= signer) return this.#refuse();
    for (const key of this.#keys) {
      if (key.generation === generation) key.retired ??= parseLsn(retired);
    }
    return null;
  }

  #refuse(): null {
    this.#forged++;
    return null;
  }

  #authentic(content: Buffer, position: Lsn): { readonly payload: string; readonly generation: number } | null {
    if (content.length > MAX_MESSAGE_BYTES) return null;
    const mac = HEAD.exec(content.toString('latin1', 0, HEAD_BYTES))?.[1];
    if (mac === undefined) return null;
    const claimed = Buffer.from(mac, 'hex');
    const rest = content.subarray(HEAD_BYTES);
    for (const { secret, generation, retired } of this.#keys) {
      if (retired !== null && position >= retired) continue;
      const expected = createHmac('sha256', secret)
        .update(`${MESSAGE_PREFIX}\n${this.#databaseOid}\n${this.#xid}\n{`)
        .update(rest)
        .digest();
      if (timingSafeEqual(expected, claimed)) return { payload: `{${rest.toString('utf8')}`, generation };
    }
    return null;
  }
}
