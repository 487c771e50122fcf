import type { SqlSession } from '../../../postgres/sql-session.ts';
import type { DroppedObject } from '../../../wal/ddl-event.ts';

// Every name is qualified: the author's search_path may be in force.
const found = (lookup: string): string => `pg_catalog.${lookup}($1) is not null`;
const RELATION = found('to_regclass');
const TYPE = found('to_regtype');
const ROUTINE = found('to_regprocedure');
/** By schema, table and name. */
const ofTable = (catalog: string, relation: string, name: string): string =>
  `exists (select from pg_catalog.${catalog} o join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) o.${relation}
     join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
     where n.nspname operator(pg_catalog.=) $1::pg_catalog.name and c.relname operator(pg_catalog.=) $2::pg_catalog.name
       and o.${name} operator(pg_catalog.=) $3::pg_catalog.name)`;

/** Is it there? Asked with the identity that the source's catalog printed, or with schema, table and name. Other kinds are not asked for. */
const QUESTIONS: Readonly<Record<string, string>> = {
  table: RELATION,
  view: RELATION,
  'materialized view': RELATION,
  'foreign table': RELATION,
  sequence: RELATION,
  index: RELATION,
  type: TYPE,
  'composite type': TYPE,
  domain: TYPE,
  function: ROUTINE,
  procedure: ROUTINE,
  aggregate: ROUTINE,
  schema: found('to_regnamespace'),
  collation: found('to_regcollation'),
  operator: found('to_regoperator'),
  trigger: ofTable('pg_trigger', 'tgrelid', 'tgname'),
  policy: ofTable('pg_policy', 'polrelid', 'polname'),
  rule: ofTable('pg_rewrite', 'ev_class', 'rulename'),
};

/** What a command dropped on the source and what this target has nevertheless. */
export async function notDropped(session: SqlSession, dropped: readonly DroppedObject[]): Promise<string[]> {
  const left: string[] = [];
  for (const { original, type, identity, names = [] } of dropped) {
    const question = QUESTIONS[type];
    if (original !== true || question === undefined) continue;
    const values = question.includes('$3') ? names.slice(0, 3) : [identity];
    const { rows } = await session.query(`select ${question} as there`, values);
    if (rows[0]?.['there'] === 't') left.push(`${type} ${identity}`);
  }
  return left;
}
