import type pg from 'pg';
import type { Logger } from '../../observe/logger.ts';
import { bytesText, durationText } from '../../observe/units.ts';
import { isWalcastError } from '../../errors/walcast-error.ts';
import { connectClient, sqlstateOf } from '../../postgres/client.ts';
import { readSlotState, type SlotState } from '../../listener/postgres/source-position.ts';

const EVERY_MS = 5_000;
/** The rate at which the source writes is taken over this time. */
const WINDOW_MS = 120_000;
const WARN_EVERY_MS = 60_000;
/** Warn when the slot has less than this left. */
const WARN_SECONDS_LEFT = 3_600;
/** Warn from this share of max_slot_wal_keep_size on, whatever the rate. */
const ROOM_LEFT = 0.25;
/** cannot_connect_now: the server starts, or shuts down and waits for its senders. */
const CANNOT_CONNECT_NOW = '57P03';

export interface SlotMonitorOptions {
  readonly url: string;
  readonly slot: string;
  readonly logger: Logger;
  /** Seconds that the slowest initial copy under way still needs; null: there is none, or it can't be told. */
  readonly copySecondsLeft?: () => number | null;
  /** The source waits for its sender to end. */
  readonly release: (reason: 'shutdown' | 'slot-limit') => void;
}

/** Looks at the slot every few seconds on a connection of its own: what the source keeps for us, and for how long it still can. */
export class SlotMonitor {
  readonly #url: string;
  readonly #slot: string;
  readonly #logger: Logger;
  readonly #release: SlotMonitorOptions['release'];
  readonly #copySecondsLeft: () => number | null;
  readonly #samples: { at: number; current: bigint }[] = [];
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | null = null;
  #state: SlotState | null = null;
  #warnedAt = 0;

  constructor(options: SlotMonitorOptions) {
    this.#release = options.release;
    this.#copySecondsLeft = options.copySecondsLeft ?? (() => null);
    this.#url = options.url;
    this.#slot = options.slot;
    this.#logger = options.logger;
  }

  get state(): SlotState | null {
    return this.#state;
  }

  /** Null: no limit is set, or the source writes nothing. */
  get secondsLeft(): number | null {
    const safe = this.#state?.safeBytes ?? null;
    return safe === null ? null : secondsLeft(this.#samples, safe);
  }

  start(): void {
    void this.#look();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#stopped = true;
    await this.#client?.end().catch(() => undefined);
  }

  #stopped = false;

  async #look(): Promise<void> {
    let next = EVERY_MS;
    try {
      this.#client ??= await connectClient({ url: this.#url, applicationName: 'walcast monitor', side: 'source' });
      this.#state = await readSlotState(this.#client, this.#slot);
      if (this.#state !== null) this.#note(this.#state);
      if (this.#state?.walStatus === 'unreserved') this.#release('slot-limit');
    } catch (error) {
      this.#logger.debug({ err: error }, 'the slot could not be looked at');
      await this.#client?.end().catch(() => undefined);
      // Why a session ended is told by the answer to the next.
      if (this.#client !== null) next = 0;
      else if (isWalcastError(error) && sqlstateOf(error.cause) === CANNOT_CONNECT_NOW) this.#release('shutdown');
      this.#client = null;
    }
    if (this.#stopped) await this.#client?.end().catch(() => undefined);
    else this.#timer = setTimeout(() => void this.#look(), next);
  }

  #note(state: SlotState): void {
    const now = Date.now();
    this.#samples.push({ at: now, current: state.current });
    while (this.#samples.length > 1 && now - (this.#samples[0]?.at ?? now) > WINDOW_MS) this.#samples.shift();
    if (state.safeBytes === null || now - this.#warnedAt < WARN_EVERY_MS) return;
    const left = this.secondsLeft;
    const warning = slotWarning({
      safeBytes: Number(state.safeBytes),
      retainedBytes: Number(state.retainedBytes),
      secondsLeft: left,
      copySecondsLeft: this.#copySecondsLeft(),
    });
    if (warning === null) return;
    this.#warnedAt = now;
    this.#logger.warn(
      { slot: this.#slot, safeBytes: Number(state.safeBytes), secondsLeft: left },
      `slot ${this.#slot}: ${warning}`,
    );
  }
}

export interface SlotRoom {
  readonly safeBytes: number;
  readonly retainedBytes: number;
  readonly secondsLeft: number | null;
  readonly copySecondsLeft: number | null;
}

/** Pure: the slot may be lost, while there is time to do something about it; null: it has room enough. */
export function slotWarning({ safeBytes, retainedBytes, secondsLeft, copySecondsLeft }: SlotRoom): string | null {
  if (secondsLeft !== null && secondsLeft <= WARN_SECONDS_LEFT) {
    return `the source will drop WAL that it needs in about ${durationText(secondsLeft)}; raise max_slot_wal_keep_size`;
  }
  if (secondsLeft !== null && copySecondsLeft !== null && secondsLeft < copySecondsLeft) {
    return `at this rate it is lost in ${durationText(secondsLeft)}, and the initial copy needs ${durationText(copySecondsLeft)} more; raise max_slot_wal_keep_size on the source`;
  }
  if (safeBytes < (safeBytes + retainedBytes) * ROOM_LEFT) {
    return `the source keeps ${bytesText(retainedBytes)} of WAL for it, and no more than ${bytesText(safeBytes)} are left until it is lost; raise max_slot_wal_keep_size`;
  }
  return null;
}

/** Pure: at the rate between the first and the last sample. */
export function secondsLeft(samples: readonly { at: number; current: bigint }[], safeBytes: bigint): number | null {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.at <= first.at || last.current <= first.current) return null;
  const bytesPerSecond = (Number(last.current - first.current) * 1000) / (last.at - first.at);
  return Math.max(0, Math.round(Number(safeBytes) / bytesPerSecond));
}
