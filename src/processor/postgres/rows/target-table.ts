import type { SqlSession } from '../../../postgres/sql-session.ts';

/** A column of the target as the catalog has it. */
export interface TargetColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly notNull: boolean;
  /** a GENERATED ALWAYS AS IDENTITY */
  readonly identityAlways: boolean;
  readonly generated: boolean;
  /** As the server writes it, qualified where it has to be. */
  readonly typeName: string;
  /** What its domain is over, else itself: old values may break a CHECK that was added NOT VALID. */
  readonly baseOid: number;
  readonly baseName: string;
  /** Its array type; 0: it has none. */
  readonly arrayOid: number;
  /** Between the elements of such an array. */
  readonly delimiter: number;
  /** An array or composite type itself, or a domain over one. */
  readonly nested: boolean;
  /** Somebody defined a cast from text to it: only its input function must read a value. */
  readonly textCast: boolean;
}

/** A unique index whose columns can find one row, each with the equality operator of its operator class. */
export interface TargetKey {
  readonly columns: readonly { readonly name: string; readonly operator: string }[];
  readonly primary: boolean;
  /** All columns NOT NULL and checked at once: finds at most one row whatever the values. */
  readonly exact: boolean;
}

export interface TargetTable {
  readonly schema: string;
  readonly name: string;
  readonly partitioned: boolean;
  /** Triggers or rules fire although we apply: what they do depends on each single change and on their order. */
  readonly fires: boolean;
  readonly columns: ReadonlyMap<string, TargetColumn>;
  readonly keys: readonly TargetKey[];
}

/** What columns of one type have in common. Only of a domain is the name of what it is over told. */
type TypeFacts = Omit<TargetColumn, 'name' | 'notNull' | 'identityAlways' | 'generated' | 'baseName'> & {
  readonly baseName: string | null;
};

interface Layout {
  readonly partitioned: boolean;
  readonly fires: boolean;
  /** name, type, not null, identity always, generated */
  readonly columns: readonly (readonly [string, number, boolean, boolean, boolean])[] | null;
  readonly types: readonly TypeFacts[] | null;
  readonly keys: readonly TargetKey[] | null;
}

/** Null: the target has no such table. */
export async function loadTargetTable(session: SqlSession, schema: string, name: string): Promise<TargetTable | null> {
  const { rows } = await session.query('select walcast.table_layout($1, $2) as layout', [schema, name]);
  const layout = JSON.parse(rows[0]?.['layout'] ?? 'null') as Layout | null;
  if (layout === null) return null;
  const { partitioned, fires, keys } = layout;
  const types = new Map((layout.types ?? []).map((type) => [type.typeOid, type]));
  const columns = (layout.columns ?? []).flatMap(([name, typeOid, notNull, identityAlways, generated]) => {
    const type = types.get(typeOid);
    if (type === undefined) return [];
    return { ...type, name, notNull, identityAlways, generated, baseName: type.baseName ?? type.typeName };
  });
  return { schema, name, partitioned, fires, columns: new Map(columns.map((c) => [c.name, c])), keys: keys ?? [] };
}
