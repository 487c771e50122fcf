import type { SqlSession } from '../../../postgres/sql-session.ts';
import type { DdlCommand, DroppedObject } from '../../../wal/ddl-event.ts';

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

/** Is it there? Asked with the identity that the source's catalog printed, or with schema, table and name. */
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

/** Catalogs of few rows, whose objects are looked up by the identity that the server prints for each. */
const LISTED: Readonly<Record<string, string>> = {
  pg_am: 'oid',
  pg_cast: 'oid',
  pg_conversion: 'oid',
  pg_extension: 'oid',
  pg_foreign_data_wrapper: 'oid',
  pg_foreign_server: 'oid',
  pg_language: 'oid',
  pg_opclass: 'oid',
  pg_opfamily: 'oid',
  pg_statistic_ext: 'oid',
  pg_transform: 'oid',
  pg_ts_config: 'oid',
  pg_ts_dict: 'oid',
  pg_ts_parser: 'oid',
  pg_ts_template: 'oid',
  pg_user_mapping: 'umid',
};

function questionOf({ type, class: catalog }: NamedObject): string | undefined {
  const question = QUESTIONS[type];
  const oid = LISTED[catalog ?? ''];
  if (question !== undefined || oid === undefined || catalog === undefined) return question;
  // everybody may read the view of user mappings, not their table
  const list = catalog === 'pg_user_mapping' ? 'pg_user_mappings' : catalog;
  return `exists (select from pg_catalog.${list} o, pg_catalog.pg_identify_object('pg_catalog.${catalog}'::pg_catalog.regclass, o.${oid}, 0) i
    where i.identity operator(pg_catalog.=) $1)`;
}

interface NamedObject {
  readonly class?: string;
  readonly type: string;
  readonly identity?: string;
  readonly names?: readonly string[];
}

/** Undefined: it cannot be asked for. */
async function isThere(session: SqlSession, object: NamedObject): Promise<boolean | undefined> {
  const question = questionOf(object);
  const { identity, names } = object;
  const byParts = question?.includes('$3') === true;
  if (question === undefined || identity === undefined || (byParts && names === undefined)) return undefined;
  const { rows } = await session.query(`select ${question} as there`, byParts ? (names ?? []).slice(0, 3) : [identity]);
  return rows[0]?.['there'] === 't';
}

/** What a command dropped on the source and what this target has nevertheless. */
export async function notDropped(session: SqlSession, dropped: readonly DroppedObject[]): Promise<string[]> {
  const left: string[] = [];
  for (const object of dropped) {
    if (object.original === true && (await isThere(session, object)) === true)
      left.push(`${object.type} ${object.identity}`);
  }
  return left;
}

/** What a command made or changed on the source and what this target lacks nevertheless. */
export async function notMade(session: SqlSession, commands: readonly DdlCommand[]): Promise<string[]> {
  const lacking: string[] = [];
  for (const command of commands) {
    if (command.sub === undefined && (await isThere(session, command)) === false)
      lacking.push(`${command.type} ${command.identity ?? ''}`);
  }
  return lacking;
}
