import type { Lsn } from '../../wal/lsn.ts';
import type { TableMetadata } from '../../wal/table-metadata.ts';

/** Which id a table of the source has. */
export interface TableId {
  readonly oid: number;
  readonly id: string;
  /** Itself, or the partitioned table at the top, whose id it bears. */
  readonly root: number;
}

/** Values that the stream left out: of the rows with these keys, the columns with these numbers. */
export interface ValueRequest {
  readonly oid: number;
  readonly keyNames: readonly string[];
  /** One a row, as text. */
  readonly keys: readonly (readonly string[])[];
  readonly columns: readonly { readonly name: string; readonly typeOid: number }[];
}

/** What only the source itself can tell; its catalog of now, which may be ahead of the stream. */
export interface SourceCatalog {
  /** Ids as they were at a position; null: the injector is not installed. */
  tableIds(at: Lsn | null): Promise<readonly TableId[] | null>;
  /** The next transaction id, with its epoch. */
  nextXid(): Promise<bigint>;
  /** Resolves when whoever asks the source sees these transactions: a commit is in the WAL a moment before others see it. */
  untilVisible(xids: readonly bigint[]): Promise<void>;
  /** Those of the relations that are still there. */
  relations(oids: readonly number[]): Promise<readonly TableMetadata[]>;
  /** Permanent tables and partitioned ones, all of them. */
  allRelations(): Promise<readonly TableMetadata[]>;
  /**
   * Values by the place of the key in the request; null: no such row any more, or the table or a column is not what it was. What came after
   * the row that asked will come with the stream as well.
   */
  values(request: ValueRequest): Promise<readonly (readonly (string | null)[] | null)[]>;
}
