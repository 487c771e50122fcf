import type { Logger } from '../observe/logger.ts';
import { isWalcastError, WalcastError } from '../errors/walcast-error.ts';
import { readSourceState, type SourceAddress, type SourceState } from '../listener/postgres/source-position.ts';
import { clientConfig } from '../postgres/client.ts';
import { READING_OPTIONS } from '../postgres/pinned-settings.ts';
import { formatLsn, type Lsn } from '../wal/lsn.ts';
import type { Processor, ProcessorEvents, SourcePosition } from '../wal/processor.ts';
import { Ack } from './ack.ts';
import { backoffMs, pause } from './backoff.ts';
import { ReplicationStream } from './replication-stream.ts';
import type { Filler } from './snapshot/filler.ts';
import { TargetFeed } from './target-feed.ts';
import { TargetSlot } from './target-slot.ts';
import { ValueFormat } from './value-format.ts';

export interface SupervisorOptions {
  readonly source: SourceAddress;
  readonly processors: readonly Processor[];
  /** Fills targets that have nothing yet. */
  readonly filler: Filler;
  /** Values may be streamed in binary form. */
  readonly binary: boolean;
  readonly logger: Logger;
}

/** Errors at the first start that nobody wants retried: exit code 3. */
const REFUSAL_EXIT = 3;
/** A stream that lasted this long has ended its row of attempts. */
const STEADY_MS = 5_000;
/** Of a target that is opened to see whether it answers. */
const NO_EVENTS: ProcessorEvents = {
  durable: () => undefined,
  failed: () => undefined,
  ddl: () => undefined,
  copyDue: () => false,
  copyPending: () => Promise.resolve(null),
  copyOver: () => undefined,
};
/** Of the 10 s that a shutdown may take, what the targets get for what they have taken. */
const FINISH_LIMIT_MS = 5_000;

/**
 * Keeps the stream going: opens the targets, streams until something ends it, and starts over from the slot's position. A target that fails
 * is left behind while the others go on; nothing is confirmed that it does not hold, so it finds everything when it comes back.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #slots: readonly TargetSlot[];
  /** Targets that are being filled, beside the stream of the others. */
  readonly #fills = new Map<TargetSlot, Promise<void>>();
  #stream: ReplicationStream | null = null;
  #ack: Ack | null = null;
  #sourceError: WalcastError | null = null;
  #streamedOnce = false;
  #openedAt: number | null = null;
  #endStream: (() => void) | null = null;
  #liveFeeds = new Map<TargetSlot, TargetFeed>();
  #reconnects = 0;
  #forged = 0;
  #messages = 0;
  #binaryRows = 0;
  readonly #format: ValueFormat;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#format = new ValueFormat(options.source, options.binary, options.logger);
    this.#slots = options.processors.map((processor) => new TargetSlot(processor));
  }

  get targets(): readonly TargetSlot[] {
    return this.#slots;
  }

  get stream(): ReplicationStream | null {
    return this.#stream;
  }

  get ack(): Ack | null {
    return this.#ack;
  }

  get sourceError(): WalcastError | null {
    return this.#sourceError;
  }

  get streamedOnce(): boolean {
    return this.#streamedOnce;
  }

  get reconnects(): number {
    return this.#reconnects;
  }

  get forged(): number {
    return this.#forged + (this.#stream?.forged ?? 0);
  }

  get messages(): number {
    return this.#messages + (this.#stream?.messages ?? 0);
  }

  /** Rows that the source has sent with their values in binary form. */
  get binaryRows(): number {
    return this.#binaryRows + (this.#stream?.binaryRows ?? 0);
  }

  /** Runs until the signal fires. Rejects only if the pipeline is refused before it ever streamed. */
  async run(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      this.#openedAt = null;
      try {
        const source = await readSourceState(this.#options.source, signal);
        this.#sourceError = null;
        await this.#openTargets(source, signal);
        if (this.#slots.some(({ state }) => state === 'streaming')) {
          await this.#streamUntilEnd(source, signal);
          attempt = 0;
        } else if (this.#fills.size > 0) {
          await Promise.race(this.#fills.values());
        }
      } catch (error) {
        this.#noteSourceError(error, signal);
      } finally {
        await Promise.all(this.#slots.map(({ processor }) => processor.close()));
      }
      // Nothing but a restart changes that, and asking the source again and again would only burden it.
      if (this.#slots.every(({ state }) => state === 'stopped')) await aborted(signal);
      if (this.#openedAt !== null && Date.now() - this.#openedAt >= STEADY_MS) attempt = 0;
      if (!signal.aborted) await pause(this.#nextTryMs(attempt), signal);
      this.#reconnects++;
    }
    await Promise.all(this.#fills.values());
  }

  /**
   * A sender of the source that waits for us to read cannot be ended by its server: shutdown and checkpoints (which drop a slot beyond its
   * limit) would wait for as long as our slowest target does. So the stream ends and is opened anew.
   */
  releaseSource(reason: 'shutdown' | 'slot-limit'): void {
    if (this.#stream === null || (reason === 'slot-limit' && !this.#stream.paused)) return;
    const why = reason === 'shutdown' ? 'the source is shutting down' : 'the source is about to drop WAL of the slot';
    this.#stream.abandon(new WalcastError('E_SOURCE_CONNECTION', `${why}: the stream was closed to let it`));
  }

  async #openTargets(source: SourceState, signal: AbortSignal): Promise<void> {
    const { position } = source;
    const ack = new Ack(
      this.#slots.map(({ name }) => name),
      position.confirmed,
    );
    this.#ack = ack;
    await Promise.all(
      this.#slots
        .filter((slot) => slot.state !== 'stopped' && !this.#fills.has(slot))
        .map((slot) => this.#openTarget(slot, source, ack, signal)),
    );
  }

  async #openTarget(slot: TargetSlot, source: SourceState, ack: Ack, signal: AbortSignal): Promise<void> {
    try {
      const reached = await this.#open(
        slot,
        source.position,
        {
          durable: (position) => {
            if (this.#ack !== ack) return;
            slot.progressed(position);
            if (ack.durable(slot.name, position)) this.#stream?.confirm(ack.confirmed);
          },
          failed: (error) => this.#targetFailed(slot, error),
          ddl: (entry) => {
            slot.lastDdl = entry;
            this.#options.logger.info(
              {
                target: slot.name,
                lsn: formatLsn(entry.lsn),
                tag: entry.tag,
                how: entry.how,
                ms: Math.round(entry.milliseconds),
              },
              entry.statement ?? 'nothing to do',
            );
          },
          ...this.#options.filler.pendingCopies(slot, source),
          copyOver: () => {
            slot.snapshot?.enter('done');
            this.#options.logger.info({ target: slot.name }, 'the initial copy is complete');
          },
        },
        signal,
      );
      if (reached === null) {
        this.#fill(slot, source, signal);
        return;
      }
      ack.durable(slot.name, reached);
      slot.durable = reached;
      slot.streaming();
      this.#options.logger.info({ target: slot.name, lsn: formatLsn(reached) }, 'target is open');
    } catch (error) {
      if (signal.aborted) return;
      if (!this.#streamedOnce && isWalcastError(error) && !error.retryable && error.exitCode === REFUSAL_EXIT)
        throw error;
      this.#recordFailure(slot, error);
    }
  }

  /** Beside everything else; the stream starts over with the target once it is filled. */
  #fill(slot: TargetSlot, source: SourceState, signal: AbortSignal): void {
    slot.filling();
    const filled = this.#options.filler
      .fill(slot, source, signal)
      .then(() => slot.waiting())
      .catch((error: unknown) => {
        if (!signal.aborted) this.#recordFailure(slot, error);
      })
      .finally(() => this.#fills.delete(slot));
    this.#fills.set(slot, filled);
  }

  async #streamUntilEnd(source: SourceState, signal: AbortSignal): Promise<void> {
    const { url, slot, publication } = this.#options.source;
    const binary = await this.#format.binary(this.#slots, signal);
    const stream = new ReplicationStream({
      // The sender prints the values: unpinned, a database's DateStyle or extra_float_digits would change or cut them.
      client: clientConfig({ url, applicationName: 'walcast', options: READING_OPTIONS, side: 'source' }),
      slot,
      publication,
      source,
      binary,
    });
    const feeds = this.#feeds(stream);
    const ending = new AbortController();
    const stop = (): void => ending.abort();
    signal.addEventListener('abort', stop, { once: true });
    this.#endStream = stop;
    try {
      await stream.open(signal);
      this.#stream = stream;
      this.#streamedOnce = true;
      this.#openedAt = Date.now();
      if (this.#ack !== null) stream.confirm(this.#ack.confirmed);
      const from = { slot, lsn: formatLsn(source.position.confirmed), values: binary ? 'binary' : 'text' };
      this.#options.logger.info(from, 'streaming');
      const following = this.#options.filler.followSequences(this.#slots, source, ending.signal);
      const retries = this.#retryBeside(source, ending);
      await Promise.race([stream.ended, aborted(ending.signal)]);
      ending.abort();
      await Promise.all([retries, following]);
      if (signal.aborted) await this.#finish(feeds);
    } finally {
      signal.removeEventListener('abort', stop);
      this.#endStream = null;
      this.#stream = null;
      this.#forged += stream.forged;
      this.#messages += stream.messages;
      this.#binaryRows += stream.binaryRows;
      await stream.close();
      // What is not committed comes again. A target that stalls would keep its feed, and so all others, waiting.
      this.#liveFeeds = new Map();
      await Promise.all([...feeds.keys()].map(({ processor }) => processor.close()));
      for (const feed of feeds.values()) await feed.stop();
    }
  }

  #feeds(stream: ReplicationStream): Map<TargetSlot, TargetFeed> {
    const feeds = new Map<TargetSlot, TargetFeed>();
    for (const slot of this.#slots) {
      if (slot.state !== 'streaming') continue;
      const feed = new TargetFeed(slot.processor, { hungry: () => stream.hungry(), relieved: () => stream.steer() });
      stream.attach(feed);
      feed.start((error) => {
        if (this.#liveFeeds.get(slot) === feed) this.#targetFailed(slot, error);
      });
      feeds.set(slot, feed);
    }
    this.#liveFeeds = feeds;
    return feeds;
  }

  /** At shutdown: what is whole and taken becomes durable and is confirmed, by every target that is able to within the limit. */
  async #finish(feeds: ReadonlyMap<TargetSlot, TargetFeed>): Promise<void> {
    const limit = new AbortController();
    const finished = [...feeds].map(async ([slot, feed]) => {
      await feed.stop();
      if (slot.state !== 'streaming') return;
      await slot.processor.flush();
      await slot.processor.settle();
    });
    // What did not become durable comes again at the next start.
    await Promise.race([Promise.allSettled(finished), pause(FINISH_LIMIT_MS, limit.signal)]);
    limit.abort();
    if (this.#ack !== null) this.#stream?.confirm(this.#ack.confirmed);
    // One that does not answer would keep its feed waiting.
    await Promise.all(this.#slots.map(({ processor }) => processor.close()));
  }

  #targetFailed(slot: TargetSlot, error: unknown): void {
    if (slot.state !== 'streaming') return;
    if (this.#format.goesOver(error)) {
      this.#endStream?.();
      return;
    }
    this.#recordFailure(slot, error);
    const feed = this.#liveFeeds.get(slot);
    if (feed !== undefined) {
      this.#stream?.detach(feed);
      void feed.stop().catch(() => undefined);
    }
    if (!this.#slots.some(({ state }) => state === 'streaming')) this.#endStream?.();
  }

  #recordFailure(slot: TargetSlot, error: unknown): void {
    slot.failed(error);
    const { code, message, hint, fields } = slot.error ?? new WalcastError('E_INTERNAL', String(error));
    if (slot.state === 'stopped')
      this.#options.logger.error({ target: slot.name, code, ...fields, hint }, `target stopped: ${message}`);
    else this.#options.logger.warn({ target: slot.name, code, ...fields }, `target will be tried again: ${message}`);
  }

  /** While others stream, a target that failed for a passing reason is tried by itself; once it answers, the stream starts over with it. */
  async #retryBeside(source: SourceState, ending: AbortController): Promise<void> {
    while (!ending.signal.aborted) {
      await pause(200, ending.signal);
      // The end of a copy is a position that a quiet source tells late.
      if (this.#slots.some(({ state, snapshot }) => state === 'streaming' && snapshot?.phase === 'catchup'))
        this.#stream?.ask();
      // None is left, or one was filled and wants to join.
      if (!this.#slots.some(({ state }) => state === 'streaming')) ending.abort();
      if (this.#slots.some(({ state }) => state === 'waiting')) ending.abort();
      const due = this.#slots.find(
        (slot) => slot.state === 'retrying' && Date.now() - slot.since >= backoffMs(slot.attempts - 1, () => 0.5),
      );
      if (due === undefined || ending.signal.aborted) continue;
      if (await this.#answers(due, source, ending.signal)) ending.abort();
    }
  }

  /** A target may have come further, by us or by another daemon, than the source was when it was asked: then it is asked again. */
  async #open(
    slot: TargetSlot,
    source: SourcePosition,
    events: ProcessorEvents,
    signal: AbortSignal,
  ): Promise<Lsn | null> {
    try {
      return await slot.processor.open(source, events, signal);
    } catch (error) {
      if (!isWalcastError(error) || error.code !== 'E_SOURCE_BEHIND') throw error;
      const { current } = (await readSourceState(this.#options.source, signal)).position;
      return await slot.processor.open({ ...source, current }, events, signal);
    }
  }

  async #answers(slot: TargetSlot, source: SourceState, signal: AbortSignal): Promise<boolean> {
    await slot.processor.close();
    try {
      if ((await this.#open(slot, source.position, NO_EVENTS, signal)) !== null) return true;
      this.#fill(slot, source, signal);
      return false;
    } catch (error) {
      if (!signal.aborted) this.#recordFailure(slot, error);
      return false;
    }
  }

  #noteSourceError(error: unknown, signal: AbortSignal): void {
    if (signal.aborted || this.#format.goesOver(error)) return;
    const known = isWalcastError(error) ? error : unknownFailure(error);
    if (!known.retryable && !this.#streamedOnce) throw known;
    this.#sourceError = known;
    if (known.retryable) this.#options.logger.warn({ code: known.code, ...known.fields }, known.message);
    else this.#options.logger.error({ code: known.code, ...known.fields, hint: known.hint }, known.message);
  }

  /** The shortest wait that any of the reasons to start over asks for. */
  #nextTryMs(attempt: number): number {
    if (this.#sourceError !== null) return backoffMs(attempt);
    const waits = this.#slots
      .filter(({ state }) => state === 'retrying')
      .map(({ attempts }) => backoffMs(attempts - 1));
    return waits.length === 0 ? backoffMs(0) : Math.min(...waits);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** A mistake of ours is told as one; what else is unknown comes from the driver and means the connection. */
function unknownFailure(error: unknown): WalcastError {
  const ours = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  const message = `the stream of the source ended: ${error instanceof Error ? error.message : String(error)}`;
  return new WalcastError(ours ? 'E_INTERNAL' : 'E_SOURCE_CONNECTION', message, { cause: error });
}
