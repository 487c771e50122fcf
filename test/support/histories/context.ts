import type { Draw } from './draw.ts';
import type { Names } from './names.ts';
import type { NamedObject, Relation, World } from './world.ts';

export const PLAIN_ROLES = ['app', 'alice', 'bob'] as const;
export type Role = 'superuser' | (typeof PLAIN_ROLES)[number];

/** What a form is made from. */
export interface Context {
  readonly draw: Draw;
  readonly names: Names;
  readonly world: World;
  /** Who sends the statement. */
  readonly role: Role;
  readonly major: number;
  /** The schema that is first in the search_path. */
  readonly path: string;
  /** In which everybody may create. */
  readonly open: readonly string[];
  /** Of the superuser. */
  readonly superuser: string;
}

/** One kind of statement. */
export interface Form {
  readonly name: string;
  /** Absent: 14. */
  readonly since?: number;
  /** Refuses to run in a transaction block. */
  readonly alone?: boolean;
  /** How often it is tried, relative to 2. */
  readonly weight?: number;
  /** Null: there is nothing to do it to. */
  make(c: Context): string | null;
}

/** Whether the sender has the owner's rights: `app` is a member of the other two. */
export function mine(c: Context, { owner }: { readonly owner: string }): boolean {
  const name = owner.replaceAll('"', '');
  return c.role === 'superuser' || name === c.role || (c.role === 'app' && (name === 'alice' || name === 'bob'));
}

export function relations(c: Context, ...kinds: readonly string[]): Relation[] {
  return c.world.relations.filter((relation) => kinds.includes(relation.kind) && mine(c, relation));
}

/** Tables whose columns can be changed on their own. */
export function freeTables(c: Context): Relation[] {
  return relations(c, 'r').filter(
    ({ partition, ofType, heir, persistence }) => !partition && !ofType && !heir && persistence === 'p',
  );
}

/** With or without its schema. */
export function ref(c: Context, object: NamedObject | Relation): string {
  return object.schema === c.path && c.draw.chance(0.4) ? object.name : object.sql;
}

/** Where the sender may make something. */
export function home(c: Context): string {
  const own = c.world.schemas.filter((schema) => mine(c, schema)).map(({ name }) => name);
  return c.draw.pick([...c.open, ...c.open, ...own]);
}

/** A new name, mostly with its schema. */
export function fresh(c: Context, base: string): string {
  const name = c.names.fresh(base);
  return c.open.includes(c.path) && c.draw.chance(0.4) ? name : `${home(c)}.${name}`;
}

/** Tables of a plain shape that others may refer to or be made like. */
export function models(c: Context): Relation[] {
  return relations(c, 'r', 'p').filter(({ persistence }) => persistence === 'p');
}
