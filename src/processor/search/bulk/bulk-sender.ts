import { setTimeout as delay } from 'node:timers/promises';
import { isWalcastError, WalcastError } from '../../../errors/walcast-error.ts';
import { formatLsn, type Lsn } from '../../../wal/lsn.ts';
import { untilQuiet } from '../client/quiet.ts';
import type { SearchClient } from '../client/search-client.ts';
import { passes, type Refusal, SearchError } from '../client/search-error.ts';
import { ANSWER_FILTER, readAnswer } from './bulk-answer.ts';
import type { BulkLimits } from './bulk-limits.ts';
import type { BulkTarget } from './bulk-target.ts';
import type { Bulk } from './bulk.ts';
import type { DeadLetters } from './dead-letters.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** How long a cluster looks for the shard of a document before it answers. */
const SHARD_WAIT = '5s';
const STALE = 409;
const TOO_LARGE = 413;
/** A document is at fault when the answer is 400, unless the index is. */
const INDEX_FAULTS = new Set(['index_closed_exception', 'invalid_index_name_exception', 'no_such_index_exception']);

export interface BulkCounts {
  /** Documents written or deleted, or found newer there. */
  applied: number;
  /** Found newer in the index. */
  stale: number;
  deadLettered: number;
  /** Sent once more. */
  retried: number;
  requests: number;
}

export interface BulkSenderOptions {
  readonly client: SearchClient;
  readonly limits: BulkLimits;
  readonly deadLetters: DeadLetters | null;
  /** How long a bulk without any progress is repeated before its failure is told. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  targetOf(number: number): BulkTarget;
}

/** Carries out one bulk: in parts where the cluster takes no more at once, again where something passes, each document until it is settled. */
export class BulkSender {
  readonly #options: BulkSenderOptions;
  readonly counts: BulkCounts = { applied: 0, stale: 0, deadLettered: 0, retried: 0, requests: 0 };
  /** What it waits for at the moment. */
  trouble: string | null = null;

  constructor(options: BulkSenderOptions) {
    this.#options = options;
  }

  /** Resolves when no operation is left. */
  async send(bulk: Bulk): Promise<void> {
    const pauses = new Pauses(this.#options.patienceMs, this.#options.signal);
    while (bulk.live > 0) {
      const before = bulk.live;
      const failure = await this.#sendPart(bulk);
      if (bulk.live < before) pauses.reset();
      if (failure === null) continue;
      this.trouble = failure.message;
      this.counts.retried += bulk.live;
      await pauses.next(failure);
      if (failure.code === 'E_TARGET_CONNECTION') await this.#untilQuiet(pauses);
    }
    this.trouble = null;
  }

  /** Null: go on at once. A failure: what is left is worth another try, later. */
  async #sendPart(bulk: Bulk): Promise<WalcastError | null> {
    const { limits } = this.#options;
    const operations: number[] = [];
    const body = bulk.part(limits.bytes, (operation) => operations.push(operation));
    try {
      const items = readAnswer(await this.#request(body));
      const passing = await this.#settle(bulk, operations, items);
      if (passing === null) limits.succeeded();
      else limits.overloaded();
      return passing;
    } catch (error) {
      if (!isWalcastError(error)) throw error;
      if (error instanceof SearchError && error.status === TOO_LARGE)
        return await this.#tooLarge(bulk, operations, body, error);
      if (!error.retryable) throw error;
      if (error instanceof SearchError) {
        limits.overloaded();
        if (error.type === 'circuit_breaking_exception') limits.tooLarge(body.length);
      }
      return error;
    }
  }

  async #request(body: Buffer): Promise<Buffer> {
    const { client, signal } = this.#options;
    this.counts.requests++;
    const query = { filter_path: ANSWER_FILTER, timeout: SHARD_WAIT };
    const { bytes } = await client.request({ method: 'POST', path: '/_bulk', query, body, signal });
    return bytes;
  }

  /** What was carried out is done. Returns why something is left. */
  async #settle(
    bulk: Bulk,
    operations: readonly number[],
    items: readonly (Refusal | null)[] | null,
  ): Promise<WalcastError | null> {
    if (items !== null && items.length !== operations.length) {
      throw new WalcastError(
        'E_INTERNAL',
        `a bulk of ${operations.length} operations was answered by ${items.length} items`,
      );
    }
    let passing: WalcastError | null = null;
    for (const [i, operation] of operations.entries()) {
      const refusal = items?.[i] ?? null;
      if (refusal !== null && refusal.status !== STALE) {
        if (passes(refusal)) {
          passing ??= new SearchError(this.#describe(bulk, operation), refusal);
          continue;
        }
        await this.#refused(bulk, operation, refusal);
        continue;
      }
      if (refusal !== null) this.counts.stale++;
      this.counts.applied++;
      bulk.done(operation);
    }
    return passing;
  }

  async #tooLarge(
    bulk: Bulk,
    operations: readonly number[],
    body: Buffer,
    error: SearchError,
  ): Promise<WalcastError | null> {
    const [first] = operations;
    if (operations.length > 1 || first === undefined) this.#options.limits.tooLarge(body.length);
    else await this.#refused(bulk, first, error);
    return null;
  }

  async #refused(bulk: Bulk, operation: number, refusal: Refusal): Promise<void> {
    const { deadLetters, signal, targetOf } = this.#options;
    const { id, document, version, target } = bulk.view(operation);
    const { index, label } = targetOf(target);
    const ofDocument = refusal.status === TOO_LARGE || (refusal.status === 400 && !INDEX_FAULTS.has(refusal.type));
    if (ofDocument && document !== null && deadLetters !== null) {
      await deadLetters.add({ table: label, index, id, version, document: document.toString(), refusal }, signal);
      this.counts.deadLettered++;
      bulk.done(operation);
      return;
    }
    const lsn = formatLsn(version as Lsn);
    const where = `${this.#describe(bulk, operation)} at ${lsn}`;
    if (!ofDocument) throw new SearchError(where, refusal, { table: label, lsn });
    throw new WalcastError('E_DOCUMENT_REFUSED', `${where}: ${refusal.reason} [${refusal.status} ${refusal.type}]`, {
      fields: { table: label, lsn, index, id },
    });
  }

  #describe(bulk: Bulk, operation: number): string {
    const { id, target } = bulk.view(operation);
    const { index, label } = this.#options.targetOf(target);
    return `${bulk.isDelete(operation) ? 'delete of' : ''} document ${JSON.stringify(id)} of ${label} in ${index}`.trimStart();
  }

  async #untilQuiet(pauses: Pauses): Promise<void> {
    const { client, signal } = this.#options;
    for (;;) {
      try {
        await untilQuiet(client, signal);
        return;
      } catch (error) {
        if (!isWalcastError(error) || !error.retryable) throw error;
        await pauses.next(error);
      }
    }
  }
}

/** Growing pauses, until patience ends. */
class Pauses {
  readonly #patienceMs: number;
  readonly #signal: AbortSignal;
  #since: number | null = null;
  #next = FIRST_PAUSE_MS;

  constructor(patienceMs: number, signal: AbortSignal) {
    this.#patienceMs = patienceMs;
    this.#signal = signal;
  }

  reset(): void {
    this.#since = null;
    this.#next = FIRST_PAUSE_MS;
  }

  async next(failure: WalcastError): Promise<void> {
    const now = performance.now();
    this.#since ??= now;
    if (now - this.#since > this.#patienceMs) throw failure;
    // Spread, so that several pipelines don't come back at the same moment.
    await delay(this.#next * (0.5 + Math.random() / 2), undefined, { signal: this.#signal });
    this.#next = Math.min(LONGEST_PAUSE_MS, this.#next * 2);
  }
}
