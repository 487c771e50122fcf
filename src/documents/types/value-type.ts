/**
 * What a value of the source is, as far as its text has to be understood: what another system can hold of it follows from this. Plain JSON:
 * it can be stored beside the documents, and two of them be compared by their text.
 */
export type ValueType = PlainType | EnumType | RangeType | MultirangeType | ArrayType | CompositeType | DomainType;

export interface PlainType {
  readonly kind: PlainKind;
}

export type PlainKind =
  | 'boolean'
  /** int2, int4, int8, and the numbers of objects and transactions that fit in 64 bits with a sign */
  | 'integer'
  | 'numeric'
  | 'float4'
  | 'float8'
  | 'money'
  | 'text'
  /** text whose comparison ignores case */
  | 'citext'
  /** text of a machine, short and without words: name, pg_lsn, xid8 … */
  | 'keyword'
  /** The type "char": one byte, which need not be a character. */
  | 'byte'
  | 'uuid'
  | 'date'
  | 'time'
  | 'timetz'
  | 'timestamp'
  | 'timestamptz'
  | 'interval'
  | 'json'
  | 'jsonb'
  | 'bytea'
  | 'bit'
  | 'inet'
  | 'cidr'
  | 'macaddr'
  | 'point'
  /** line, lseg, box, path, polygon, circle */
  | 'geometric'
  | 'hstore'
  | 'tsvector'
  /** vector and halfvec of pgvector */
  | 'vector'
  /** Nothing is known of it: its text is kept as it is. */
  | 'other';

/** Labels by the oid of their row in pg_enum: a label can be renamed, and then every value of it is another text. */
export interface EnumType {
  readonly kind: 'enum';
  readonly labels: Readonly<Record<string, string>>;
}

export interface RangeType {
  readonly kind: 'range';
  readonly subtype: ValueType;
}

export interface MultirangeType {
  readonly kind: 'multirange';
  readonly subtype: ValueType;
}

export interface ArrayType {
  readonly kind: 'array';
  readonly element: ValueType;
  /** pg_type.typdelim of the element: `;` for box, else `,` */
  readonly delimiter: string;
}

export interface CompositeType {
  readonly kind: 'composite';
  readonly fields: readonly { readonly name: string; readonly type: ValueType }[];
}

export interface DomainType {
  readonly kind: 'domain';
  readonly base: ValueType;
}

export const OTHER: PlainType = { kind: 'other' };

/** The type that its text has: a domain adds none. */
export function withoutDomains(type: ValueType): Exclude<ValueType, DomainType> {
  let base = type;
  while (base.kind === 'domain') base = base.base;
  return base;
}
