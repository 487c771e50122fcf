/** What a DDL message says of a touched relation: the catalog of the source, right after the command. Absent = null or default. */
export interface TableMetadata {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** pg_class.relkind: r table · p partitioned · v view · m materialized view · f foreign · c composite type */
  readonly kind: 'r' | 'p' | 'v' | 'm' | 'f' | 'c';
  /** p permanent · u unlogged · t temporary */
  readonly persistence: 'p' | 'u' | 't';
  readonly owner: string;
  /** pg_class.relreplident */
  readonly identity: 'd' | 'n' | 'f' | 'i';
  readonly rls?: boolean;
  readonly force_rls?: boolean;
  readonly options?: readonly string[];
  readonly tablespace?: string;
  readonly access_method?: string;
  readonly of_type?: string;
  readonly partition_key?: string;
  readonly partition_bound?: string;
  readonly parents?: readonly number[];
  readonly definition?: string;
  readonly populated?: boolean;
  readonly columns?: readonly ColumnMetadata[];
  readonly constraints?: readonly ConstraintMetadata[];
  readonly indexes?: readonly IndexMetadata[];
}

export interface ColumnMetadata {
  /** pg_attribute.attnum: the identity of a column over renames */
  readonly num: number;
  readonly name: string;
  readonly type: string;
  readonly type_oid: number;
  readonly typmod?: number;
  readonly not_null?: boolean;
  readonly collation?: string;
  readonly default?: string;
  /** The expression of a generated column. */
  readonly generated?: string;
  readonly generated_kind?: string;
  /** a GENERATED ALWAYS AS IDENTITY · d BY DEFAULT */
  readonly identity?: 'a' | 'd';
  readonly sequence?: string;
  /** attmissingval: the value that existing rows got from a default that was not written to them */
  readonly missing?: string;
  readonly storage?: string;
  readonly compression?: string;
  readonly inherited?: number;
}

export interface ConstraintMetadata {
  readonly oid: number;
  readonly name: string;
  readonly type: string;
  readonly definition: string;
}

export interface IndexMetadata {
  readonly oid: number;
  readonly name: string;
  readonly definition: string;
  readonly unique?: boolean;
  readonly primary?: boolean;
  readonly valid?: boolean;
  readonly replica_identity?: boolean;
}
