import type { Oid } from './ids.ts';

/** One column as a Relation message announces it (generated columns are not in the stream). */
export interface RelationColumn {
  readonly name: string;
  readonly typeOid: Oid;
  readonly typmod: number;
  /** Name of a type that is not built in, from its Type message. */
  readonly typeName?: { readonly schema: string; readonly name: string };
  /** Part of the replica identity; for `REPLICA IDENTITY FULL` every column is. */
  readonly key: boolean;
}

/** The shape of a source table's rows in the stream, valid until the next Relation message of the same oid. */
export interface Relation {
  readonly oid: Oid;
  readonly schema: string;
  readonly name: string;
  /** d default (primary key) · n nothing · f full · i index */
  readonly replicaIdentity: 'd' | 'n' | 'f' | 'i';
  readonly columns: readonly RelationColumn[];
  /** The values of its rows are in binary form, each of a type that has one which every server reads alike; else all are text. */
  readonly binary?: boolean;
}
