import type { TypeSource } from '../../documents/types/type-source.ts';
import type { Reach } from './client/index.ts';
import type { FieldOptions } from './mapping/field-types.ts';
import type { SourceCatalog } from './source-catalog.ts';

/** What the user says of the index of one table. */
export interface TableOptions {
  readonly skip: boolean;
  readonly routing?: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly fields: Readonly<Record<string, FieldOptions>>;
}

export interface SearchOptions {
  readonly name: string;
  readonly reach: Reach;
  /** Template of the alias of a table. */
  readonly index: string;
  /** Begins the names of the real indexes. */
  readonly prefix: string;
  readonly fields: 'ids' | 'names';
  readonly onRefused: 'stop' | 'dead_letter';
  readonly onDrop: 'delete' | 'keep';
  /** The policy `ddl: apply`; else the indexes stay as they are. */
  readonly applyDdl: boolean;
  readonly snapshot: 'initial' | 'never';
  readonly settings: Readonly<Record<string, unknown>>;
  /** By `schema.table`. */
  readonly tables: Readonly<Record<string, TableOptions>>;
  readonly bulk: { readonly bytes: number; readonly count: number; readonly requests: number };
  readonly types: TypeSource;
  readonly catalog: SourceCatalog;
  readonly warn: (fields: Readonly<Record<string, unknown>>, message: string) => void;
}
