import type { ValueType } from '../types/value-type.ts';

/** What becomes of one column in a document. */
export interface DocumentColumn {
  readonly type: ValueType;
  /** Its member of the document. */
  readonly key: string;
  /** A range goes to `key` as a search index compares it, and here as the text that says all of it. */
  readonly textKey?: string;
  /** JSON that a flat object doesn't take, or not as it is, is kept here as text; then `key` has what can be searched of it, if anything. */
  readonly rawKey?: string;
}
