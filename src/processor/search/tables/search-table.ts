import type { BulkTarget, BulkWriter } from '../bulk/index.ts';
import type { IndexRecord } from './index-record.ts';
import { tableName, type TableShape } from './table-shape.ts';

/** One index of a table. */
export interface TableIndex {
  readonly index: string;
  readonly record: IndexRecord;
  readonly aliases: readonly string[];
}

/** A table that is followed, or would be if it had a key. */
export class SearchTable {
  shape: TableShape;
  /** What the alias leads to. */
  live: TableIndex;
  /** What is being filled beside it. */
  next: TableIndex | null;
  #target: { readonly index: string; readonly target: BulkTarget } | null = null;

  constructor(shape: TableShape, live: TableIndex, next: TableIndex | null) {
    this.shape = shape;
    this.live = live;
    this.next = next;
  }

  get name(): string {
    return tableName(this.shape);
  }

  /** Where rows of the stream go. */
  target(writer: BulkWriter): BulkTarget {
    const { index } = this.live;
    if (this.#target?.index !== index) {
      const target = writer.target(writeAlias(index), { label: this.name, requireAlias: true });
      this.#target = { index, target };
    }
    return this.#target.target;
  }
}

/** Bulk requests name an alias: of a missing alias the cluster makes no index by itself. */
export function writeAlias(index: string): string {
  return `${index}-w`;
}
