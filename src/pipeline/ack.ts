import type { Lsn } from '../wal/lsn.ts';

/**
 * The one owner of what the source is told: the least position that every target holds for good. It only grows, and a target that has not
 * been heard of holds everything back.
 */
export class Ack {
  readonly #durable = new Map<string, Lsn | null>();
  #confirmed: Lsn;

  /** @param confirmed what the slot has confirmed already */
  constructor(targets: readonly string[], confirmed: Lsn) {
    for (const target of targets) this.#durable.set(target, null);
    this.#confirmed = confirmed;
  }

  get confirmed(): Lsn {
    return this.#confirmed;
  }

  /** `position` is the end of a commit, or an idle position, recorded on the target. Returns whether more can be confirmed than before. */
  durable(target: string, position: Lsn): boolean {
    const before = this.#durable.get(target);
    if (before === undefined) throw new Error(`unknown target ${target}`);
    if (before !== null && position <= before) return false;
    this.#durable.set(target, position);
    let least: Lsn | null = null;
    for (const reached of this.#durable.values()) {
      if (reached === null) return false;
      if (least === null || reached < least) least = reached;
    }
    if (least === null || least <= this.#confirmed) return false;
    this.#confirmed = least;
    return true;
  }
}
