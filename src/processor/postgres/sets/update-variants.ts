import { FIELD_UNCHANGED, type EventBatch } from '../../../wal/event-batch.ts';
import type { SetStatement } from './set-statements.ts';

/** Of one relation; more would be as many statements as rows. */
const VARIANT_LIMIT = 16;
/** Where only single rows are right. */
export const NO_VARIANT = -1;

/**
 * The UPDATE statements of a relation, by which columns they leave alone: values outside of the row that did not change are not in the stream. Variant 0
 * sets all columns.
 */
export class UpdateVariants {
  readonly #columns: number;
  readonly #isKey: Uint8Array;
  readonly #masks: Uint8Array[];
  readonly #statements: SetStatement[];
  readonly #make: (unchanged: Uint8Array) => SetStatement | null;

  /** @param make null: nothing is left to be set */
  constructor(columns: number, keyColumns: Int32Array, make: (unchanged: Uint8Array) => SetStatement | null) {
    this.#columns = columns;
    this.#isKey = new Uint8Array(columns);
    for (const column of keyColumns) this.#isKey[column] = 1;
    this.#make = make;
    const none = new Uint8Array(columns);
    const whole = make(none);
    this.#masks = whole === null ? [] : [none];
    this.#statements = whole === null ? [] : [whole];
  }

  get count(): number {
    return this.#masks.length;
  }

  statement(variant: number): SetStatement {
    return this.#statements[variant] as SetStatement;
  }

  /** Of the tuple at `at`. */
  of(batch: EventBatch, at: number): number {
    const { fields } = batch;
    let partial = false;
    for (let field = at + 1, end = at + this.#columns * 2; field < end && !partial; field += 2) {
      partial = fields[field] === FIELD_UNCHANGED;
    }
    if (this.#masks.length === 0) return NO_VARIANT;
    return partial ? this.#find(fields, at) : 0;
  }

  #find(fields: Int32Array, at: number): number {
    for (let variant = 1; variant < this.#masks.length; variant++) {
      if (this.#fits(this.#masks[variant] as Uint8Array, fields, at)) return variant;
    }
    return this.#add(fields, at);
  }

  #fits(mask: Uint8Array, fields: Int32Array, at: number): boolean {
    for (let column = 0; column < this.#columns; column++) {
      if ((fields[at + column * 2 + 1] === FIELD_UNCHANGED) !== (mask[column] === 1)) return false;
    }
    return true;
  }

  #add(fields: Int32Array, at: number): number {
    if (this.#masks.length >= VARIANT_LIMIT) return NO_VARIANT;
    const mask = new Uint8Array(this.#columns);
    for (let column = 0; column < this.#columns; column++) {
      if (fields[at + column * 2 + 1] !== FIELD_UNCHANGED) continue;
      if (this.#isKey[column] === 1) return NO_VARIANT; // the row cannot be found by it
      mask[column] = 1;
    }
    const statement = this.#make(mask);
    if (statement === null) return NO_VARIANT;
    this.#masks.push(mask);
    this.#statements.push(statement);
    return this.#masks.length - 1;
  }
}
