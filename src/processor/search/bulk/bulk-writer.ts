import { writeJsonString } from '../../../documents/values/json-string.ts';
import { WalcastError } from '../../../errors/walcast-error.ts';
import { GrowingBuffer } from '../../../postgres/growing-buffer.ts';
import type { Lsn } from '../../../wal/lsn.ts';
import type { SearchClient } from '../client/search-client.ts';
import { BulkLimits } from './bulk-limits.ts';
import { BulkSender, type BulkCounts } from './bulk-sender.ts';
import { type BulkTarget, type BulkTargetOptions, bulkTarget } from './bulk-target.ts';
import { Bulk, hashOf } from './bulk.ts';
import { DeadLetters } from './dead-letters.ts';

const PATIENCE_MS = 60_000;
const NEWLINE = 0x0a;
const ROUTING = Buffer.from(',"routing":');
const LINE_END = Buffer.from('}}\n');

export type RefusedPolicy =
  | { readonly kind: 'stop' }
  /** The index is made when the first document comes. */
  | { readonly kind: 'deadLetter'; readonly index: string };

export interface BulkWriterOptions {
  readonly client: SearchClient;
  /** Of one request; a single document may be larger. */
  readonly maxBytes: number;
  readonly maxCount: number;
  /** Under way at once. With the one that waits and the one that grows, that many bulks are in memory. */
  readonly maxRequests: number;
  readonly refused: RefusedPolicy;
  readonly patienceMs?: number;
  readonly signal: AbortSignal;
  /** The first failure; every later call throws it. */
  failed(error: unknown): void;
}

interface Waiter {
  /** Everything before this bulk. */
  readonly before: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes documents: `id.clear()`, the id's bytes into `id`, `begin`, the document's bytes into `out`, `end`. Of one id at most one operation is under way
 * at any time, and those that wait are reduced to the last one, so that nothing old can land after something new.
 */
export class BulkWriter {
  /** The id of the next row, as UTF-8. */
  readonly id = new GrowingBuffer(1024);
  readonly #options: BulkWriterOptions;
  readonly #limits: BulkLimits;
  readonly #sender: BulkSender;
  readonly #targets: BulkTarget[] = [];
  readonly #ending = new AbortController();
  #version = 0n;
  #versionTail = Buffer.alloc(0);
  #open = new Bulk();
  #start = -1;
  #document = 0;
  #target = 0;
  readonly #spare: Bulk[] = [];
  /** Full ones that wait, oldest first. */
  readonly #waiting: Bulk[] = [];
  readonly #underWay = new Set<Bulk>();
  readonly #runs = new Set<Promise<void>>();
  #sequence = 1;
  #flushing = false;
  #drains: Waiter[] = [];
  #reliefs: Waiter[] = [];
  #failure: { readonly error: unknown } | null = null;

  constructor(options: BulkWriterOptions) {
    this.#options = options;
    const { client, refused, patienceMs = PATIENCE_MS } = options;
    this.#limits = new BulkLimits(options.maxBytes, options.maxRequests);
    this.#sender = new BulkSender({
      ...{ client, patienceMs, limits: this.#limits },
      deadLetters: refused.kind === 'stop' ? null : new DeadLetters(client, refused.index),
      signal: AbortSignal.any([options.signal, this.#ending.signal]),
      targetOf: (number) => this.#targets[number] as BulkTarget,
    });
  }

  /** Where documents go; kept by the caller for as long as it writes there. */
  target(index: string, options: BulkTargetOptions): BulkTarget {
    const target = bulkTarget(this.#targets.length, index, options);
    this.#targets.push(target);
    return target;
  }

  /** Holds for what comes next: the position of its commit. */
  version(lsn: Lsn): void {
    this.#version = lsn;
    this.#versionTail = Buffer.from(`,"version":${lsn},"version_type":"external_gte"`);
  }

  /** The document of the operation that was begun, which is one line of JSON. It is another buffer after each `begin`. */
  get out(): GrowingBuffer {
    return this.#open.body;
  }

  begin(kind: 'index' | 'delete', target: BulkTarget, routing?: GrowingBuffer): void {
    this.#check();
    if (this.#versionTail.length === 0) throw new WalcastError('E_INTERNAL', 'a document without a version');
    const { body } = this.#open;
    this.#start = body.length;
    this.#target = target.number;
    append(body, kind === 'index' ? target.indexHead : target.deleteHead);
    writeJsonString(this.id.bytes, 0, this.id.length, body);
    append(body, this.#versionTail);
    if (routing !== undefined) {
      append(body, ROUTING);
      writeJsonString(routing.bytes, 0, routing.length, body);
    }
    append(body, LINE_END);
    this.#document = body.length;
  }

  /** The operation is whole. */
  end(): void {
    const open = this.#open;
    if (open.body.length > this.#document) open.body.byte(NEWLINE);
    const hash = hashOf(this.id);
    open.add(this.#start, this.#document, this.#target, this.id, hash, this.#version);
    const { maxCount } = this.#options;
    if (open.body.length > this.#limits.bytes && open.live > 1) {
      const next = this.#spare.pop() ?? new Bulk();
      open.moveLast(next, hash, this.id);
      this.#seal(next);
    } else if (open.body.length >= this.#limits.bytes || open.count >= maxCount) {
      this.#seal(this.#spare.pop() ?? new Bulk());
    }
  }

  /** The operation that was begun is not to be. */
  cancel(): void {
    this.#open.body.length = this.#start;
  }

  /** What the last operation on the id in `id` will leave, while it is not confirmed: its document, null after a delete. Undefined: nothing is under way. Valid until the next call. */
  unconfirmed(target: BulkTarget): Buffer | null | undefined {
    const hash = hashOf(this.id);
    for (const bulk of [this.#open, ...this.#waiting.toReversed(), ...this.#underWay]) {
      const operation = bulk.find(target.number, hash, this.id.bytes, 0, this.id.length);
      if (operation >= 0 && bulk.isLive(operation)) return bulk.view(operation).document;
    }
    return undefined;
  }

  /** One that grows, one that waits: enough for now. */
  get congested(): boolean {
    return this.#waiting.length > 0;
  }

  async relieved(): Promise<void> {
    this.#check();
    if (!this.congested) return;
    await new Promise<void>((resolve, reject) => this.#reliefs.push({ before: 0, resolve, reject }));
  }

  /** No more comes for now: what is there goes as soon as a request is free. */
  flush(): void {
    this.#check();
    this.#flushing = true;
    this.#pump();
  }

  /** Resolves when all that was written before the call is confirmed, found older, or put aside. */
  async drained(): Promise<void> {
    this.flush();
    const before = this.#open.live > 0 ? this.#sequence + 1 : this.#sequence;
    if (this.#oldest() >= before) return;
    await new Promise<void>((resolve, reject) => this.#drains.push({ before, resolve, reject }));
  }

  /** What is not confirmed is given up. */
  async close(): Promise<void> {
    this.#failure ??= { error: new WalcastError('E_INTERNAL', 'the writer of documents is closed') };
    this.#ending.abort();
    this.#rejectAll(this.#failure.error);
    await Promise.all(this.#runs);
  }

  get counts(): Readonly<BulkCounts> {
    return this.#sender.counts;
  }

  /** What the cluster is waited for, for people; null: all is well. */
  get trouble(): string | null {
    return this.#sender.trouble;
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  #seal(next: Bulk): void {
    this.#open.sequence = this.#sequence++;
    this.#waiting.push(this.#open);
    this.#open = next;
    this.#pump();
  }

  #pump(): void {
    if (this.#failure !== null) return;
    while (this.#underWay.size < this.#limits.requests) {
      if (this.#waiting.length === 0) {
        if (!this.#flushing || this.#open.live === 0) break;
        this.#open.sequence = this.#sequence++;
        this.#waiting.push(this.#open);
        this.#open = this.#spare.pop() ?? new Bulk();
      }
      const next = this.#waiting[0] as Bulk;
      if ([...this.#underWay].some((other) => next.sharesKeyWith(other))) break;
      this.#waiting.shift();
      this.#underWay.add(next);
      const run: Promise<void> = this.#run(next).finally(() => this.#runs.delete(run));
      this.#runs.add(run);
    }
    if (this.#waiting.length === 0 && this.#open.live === 0) this.#flushing = false;
    if (!this.congested) for (const waiter of this.#reliefs.splice(0)) waiter.resolve();
  }

  async #run(bulk: Bulk): Promise<void> {
    try {
      await this.#sender.send(bulk);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#underWay.delete(bulk);
    bulk.clear(this.#options.maxBytes * 2);
    if (this.#spare.length < 2) this.#spare.push(bulk);
    this.#pump();
    const oldest = this.#oldest();
    const over = this.#drains.filter((waiter) => waiter.before <= oldest);
    this.#drains = this.#drains.filter((waiter) => waiter.before > oldest);
    for (const waiter of over) waiter.resolve();
  }

  /** Every bulk before this one is done. */
  #oldest(): number {
    let oldest = this.#sequence;
    for (const bulk of this.#underWay) oldest = Math.min(oldest, bulk.sequence);
    for (const bulk of this.#waiting) oldest = Math.min(oldest, bulk.sequence);
    return oldest;
  }

  #fail(error: unknown): void {
    if (this.#failure !== null) return;
    this.#failure = { error };
    this.#ending.abort();
    this.#rejectAll(error);
    this.#options.failed(error);
  }

  #rejectAll(error: unknown): void {
    for (const waiter of [...this.#drains.splice(0), ...this.#reliefs.splice(0)]) waiter.reject(error);
  }
}

function append(to: GrowingBuffer, bytes: Buffer): void {
  to.reserve(bytes.length);
  bytes.copy(to.bytes, to.length);
  to.length += bytes.length;
}
