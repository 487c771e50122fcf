import type { SqlSession } from '../../../postgres/sql-session.ts';

const MEMBER_TABLES = `select c.oid::regclass::text as table, coalesce(s.n_tup_ins + s.n_tup_upd + s.n_tup_del, 0) as written
  from pg_depend d join pg_class c on d.classid = 'pg_class'::regclass and c.oid = d.objid left join pg_stat_xact_user_tables s on s.relid = c.oid
  where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e' and c.relkind = 'r' and c.relpersistence = 'p'
    and d.refobjid = (select oid from pg_extension where extname = $1)`;

/** Rows that this transaction wrote into the tables of an extension so far, by table. */
export async function memberTableWrites(session: SqlSession, extension: string): Promise<Map<string, number>> {
  const { rows } = await session.query(MEMBER_TABLES, [extension]);
  return new Map(rows.map(({ table, written }) => [table ?? '', Number(written)]));
}

/**
 * An extension's script filled its tables here as it did on the source; the source's rows are in the stream and follow, so ours go: they
 * would come twice, and values such as now() would differ.
 */
export async function emptyMemberTables(session: SqlSession, extension: string): Promise<number> {
  const tables = [...(await memberTableWrites(session, extension))].filter(([, written]) => written > 0);
  for (const [table] of tables) await session.execute(`delete from only ${table}`);
  return tables.length;
}
