import type pg from 'pg';
import { quoteIdentifier } from '../../../src/sql/quote.ts';
import { rowsOf } from '../text-client.ts';
import { WORLD_QUERY } from './world-query.ts';

/** Names are quoted identifiers. */
export interface Column {
  readonly name: string;
  readonly type: string;
  /** Of the type: b base, e enum, d domain, c composite. */
  readonly kind: string;
  readonly labels: readonly string[];
  /** Of a domain. */
  readonly base: string | null;
  readonly notNull: boolean;
  readonly identity: string;
  readonly generated: string;
  readonly hasDefault: boolean;
  readonly inherited: boolean;
  readonly local: boolean;
  /** Of a key, a partition key, a foreign key, or an index. */
  readonly used: boolean;
}

export interface Relation {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** Schema and name. */
  readonly sql: string;
  /** pg_class.relkind */
  readonly kind: string;
  readonly owner: string;
  readonly persistence: string;
  readonly partition: boolean;
  readonly heir: boolean;
  readonly hasHeirs: boolean;
  readonly parent: string | null;
  /** r, l or h of a partitioned table, and its key's column. */
  readonly strategy: string | null;
  readonly keyColumn: string | null;
  readonly bound: string | null;
  readonly ofType: boolean;
  readonly rls: boolean;
  readonly hasKey: boolean;
  readonly populated: boolean;
  readonly ownedSequence: boolean;
  /** Of a view or materialized view: whether it depends on this relation. */
  readonly hasViews: boolean;
  readonly columns: readonly Column[];
  readonly constraints: readonly {
    readonly name: string;
    readonly type: string;
    readonly inherited: boolean;
    readonly columns: number;
  }[];
  readonly indexes: readonly {
    readonly name: string;
    readonly constraint: boolean;
    readonly plain: boolean;
    readonly attached: boolean;
    readonly unique: boolean;
  }[];
  readonly triggers: readonly { readonly name: string; readonly inherited: boolean }[];
  readonly policies: readonly string[];
  readonly rules: readonly string[];
}

export interface NamedObject {
  readonly schema: string;
  readonly name: string;
  readonly sql: string;
  readonly owner: string;
}

export interface UserType extends NamedObject {
  /** e, d or c */
  readonly kind: string;
  readonly labels: readonly string[];
  readonly base: string | null;
  readonly constraints: readonly string[];
  readonly attributes: readonly string[];
  readonly used: boolean;
}

export interface Routine extends NamedObject {
  /** f or p */
  readonly kind: string;
  readonly args: string;
  readonly returns: string;
  readonly language: string;
}

interface State {
  readonly schemas: readonly { readonly name: string; readonly owner: string }[];
  readonly relations: readonly Relation[];
  readonly types: readonly UserType[];
  readonly routines: readonly Routine[];
  readonly statistics: readonly NamedObject[];
}

export const EMPTY_WORLD: State = { schemas: [], relations: [], types: [], routines: [], statistics: [] };
export type World = State;

/** What the schemas of a history hold, as the session sees it: the model that the next statement is made from. */
export async function readWorld(client: pg.Client, prefix: string): Promise<World> {
  const [row] = rowsOf(await client.query({ name: 'world', text: WORLD_QUERY, values: [`${prefix}%`] }));
  return JSON.parse(String(row?.['world']), reviveName) as World;
}

/** The query answers with bare names. */
function reviveName(this: unknown, key: string, value: unknown): unknown {
  if ((key === 'name' || key === 'schema' || key === 'owner' || key === 'keyColumn') && typeof value === 'string')
    return quoteIdentifier(value);
  return value;
}
