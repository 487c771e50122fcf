import { connectClient, connectionError, endClient, limited } from '../../postgres/client.ts';
import { READING_OPTIONS } from '../../postgres/pinned-settings.ts';

/**
 * Types and all that they are made of: elements of arrays, bases of domains, subtypes of ranges, attributes of composites. Built-in types are
 * described like others; who asks knows them already.
 */
const DESCRIBE = `
with recursive part as (
  select t.oid from pg_type t where t.oid = any ($1::oid[])
  union
  select p.part from part of join lateral (
    select t.typelem from pg_type t where t.oid = of.oid and t.typelem <> 0 and t.typcategory = 'A'
    union all select t.typbasetype from pg_type t where t.oid = of.oid and t.typtype = 'd'
    union all select r.rngsubtype from pg_range r where of.oid in (r.rngtypid, r.rngmultitypid)
    union all select a.atttypid from pg_type t join pg_attribute a on a.attrelid = t.typrelid
      where t.oid = of.oid and t.typtype = 'c' and a.attnum > 0 and not a.attisdropped
  ) as p (part) on true
)
select json_build_object(
  'oid', t.oid::bigint,
  'name', t.typname,
  'kind', t.typtype,
  'extension', (
    select e.extname from pg_depend d join pg_extension e on e.oid = d.refobjid
    where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'),
  'element', case when t.typelem <> 0 and t.typcategory = 'A' then t.typelem::bigint end,
  'delimiter', case when t.typelem <> 0 and t.typcategory = 'A' then t.typdelim end,
  'base', case when t.typtype = 'd' then t.typbasetype::bigint end,
  'subtype', (select r.rngsubtype::bigint from pg_range r where t.oid in (r.rngtypid, r.rngmultitypid)),
  'labels', case when t.typtype = 'e' then (
    select json_object_agg(l.oid::text, l.enumlabel order by l.oid) from pg_enum l where l.enumtypid = t.oid) end,
  'fields', case when t.typtype = 'c' then (
    select json_agg(json_build_object('name', a.attname, 'type', a.atttypid::bigint) order by a.attnum)
    from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) end)::text as type
from pg_type t where t.oid in (select oid from part)`;

/** As in every other reading of catalogs. */
const READ_LIMIT_MS = 30_000;

/** What the catalog of now says of a type; what does not hold for it is left out. */
export interface CatalogType {
  readonly oid: number;
  readonly name: string;
  readonly kind: string;
  readonly extension?: string;
  readonly element?: number;
  readonly delimiter?: string;
  readonly base?: number;
  readonly subtype?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly fields?: readonly { readonly name: string; readonly type: number }[];
}

/** Describes the source's types, on a connection of its own each time: it is rarely asked. */
export class CatalogTypes {
  readonly #url: string;
  readonly #signal: AbortSignal;

  constructor(url: string, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  /** One that is gone is left out. */
  async describe(oids: readonly number[]): Promise<readonly CatalogType[]> {
    const client = await connectClient({
      url: this.#url,
      applicationName: 'walcast',
      options: READING_OPTIONS,
      side: 'source',
      signal: this.#signal,
    });
    try {
      return await limited(client, { signal: this.#signal, milliseconds: READ_LIMIT_MS }, async () => {
        const { rows } = await client.query<{ type: string }>(DESCRIBE, [`{${oids.join(',')}}`]);
        return rows.map(({ type }) => withoutNulls(JSON.parse(type) as Record<string, unknown>));
      });
    } catch (error) {
      throw connectionError(error, 'source', this.#url);
    } finally {
      await endClient(client);
    }
  }
}

function withoutNulls(row: Record<string, unknown>): CatalogType {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as unknown as CatalogType;
}
