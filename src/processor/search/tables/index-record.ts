import { createHash } from 'node:crypto';
import type { SourceIdentity } from '../../../wal/processor.ts';
import type { TableShape } from './table-shape.ts';

/** What stands in the `_meta` of each index: the only place where it is kept. */
export interface IndexRecord {
  readonly v: 1;
  /** The number at the end of the index's name. */
  readonly version: number;
  readonly shape: TableShape;
  readonly fields: 'ids' | 'names';
  /** Names of columns that are gone or called otherwise: aliases cannot be taken back, they lead to an empty field. */
  readonly gone: readonly string[];
  /** It is being filled beside the one in use. */
  readonly filling?: true;
  /** Before the last transaction that changed the schema; it may come again. `shape` null: the table was not there. */
  readonly base?: { readonly lsn: string; readonly shape: TableShape | null };
  /** Commit of the DROP. */
  readonly dropped?: string;
}

/** Tells the sources and pipelines of one cluster apart. */
export function sourceId({ systemIdentifier, database, pipeline }: SourceIdentity): string {
  const text = JSON.stringify([systemIdentifier, database, pipeline]);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** Names of the real indexes of a pipeline. */
export class IndexNames {
  readonly #stem: string;

  constructor(prefix: string, source: SourceIdentity) {
    this.#stem = `${prefix}-${sourceId(source)}`;
  }

  get state(): string {
    return `${this.#stem}-state`;
  }

  get deadLetters(): string {
    return `${this.#stem}-dead-letter`;
  }

  /** Every index of a table. */
  get tables(): string {
    return `${this.#stem}-*-v*`;
  }

  all(): string {
    return `${this.#stem}-*`;
  }

  table(tableId: string, version: number): string {
    return `${this.#stem}-${tableId}-v${version}`;
  }

  isOurs(index: string): boolean {
    return index.startsWith(`${this.#stem}-`);
  }
}
