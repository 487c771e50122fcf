import type { ValueType } from '../types/value-type.ts';

/** What becomes of one column in a document. */
export interface DocumentColumn {
  readonly type: ValueType;
  /** Its member of the document. */
  readonly key: string;
  /**
   * `key` has what a search index can compare, and where that is less than the value (NaN, infinity, an address with a mask; ranges always),
   * the value is here.
   */
  readonly textKey?: string;
  /** JSON that a flat object doesn't take, or not as it is, is kept here as text; then `key` has what can be searched of it, if anything. */
  readonly rawKey?: string;
}
