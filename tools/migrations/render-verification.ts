import type { Subject } from './verification.ts';

/** The text of a verify file: one row with `finished`, and else `reason` and `cure`. It runs under the settings of the migrations. */
export function renderVerification(upFile: string, subject: Subject): string {
  const body = subject.kind === 'constraint' ? constraint(subject) : index(subject);
  return `-- Generated from ${upFile} by \`npm run migrations:verify-files\`; a test holds both together.\n${body}`;
}

/** Of one that was there before, the name, the table and UNIQUE are compared, not the columns: only its owner makes indexes here. */
function index({ kind, schema, table, name }: Subject): string {
  const other = `${schema}.${name} is there, but not as ${kind === 'index' ? 'an index' : 'a unique index'} of ${schema}.${table}`;
  return `select f.reason is null as finished, f.reason,
  case f.reason
    when 'the index ${schema}.${name} of ${schema}.${table} is not valid' then
      'pg_stat_progress_create_index shows whether a session is still building it; if none is, drop the index ${schema}.${name}.'
    when '${other}' then 'Rename or drop it.'
  end as cure
from (
  select case
      when c.oid is null then 'there is no index ${schema}.${name} of ${schema}.${table}'
      when i.indrelid is distinct from to_regclass('${quoted(schema)}.${quoted(table)}')${kind === 'index' ? '' : ' or not i.indisunique'} then
        '${other}'
      when not (i.indisvalid and i.indisready) then 'the index ${schema}.${name} of ${schema}.${table} is not valid'
    end as reason
  from (values ('${schema}', '${name}')) w(schema, name)
    left join pg_namespace n on n.nspname = w.schema
    left join pg_class c on c.relnamespace = n.oid and c.relname = w.name
    left join pg_index i on i.indexrelid = c.oid
) f;
`;
}

/** That of a key is as good as its index. */
function constraint({ schema, table, name }: Subject): string {
  return `select f.reason is null as finished, f.reason,
  'Look for rows that violate it; \`alter table ${quoted(schema)}.${quoted(table)} validate constraint ${quoted(name)}\` names one.' as cure
from (
  select case
      when c.oid is null then 'there is no constraint ${name} of ${schema}.${table}'
      when not c.convalidated then 'the constraint ${name} of ${schema}.${table} is not validated'
      when c.contype in ('p', 'u', 'x') and not (i.indisvalid and i.indisready) then
        'the index of the constraint ${name} of ${schema}.${table} is not valid'
    end as reason
  from (values (to_regclass('${quoted(schema)}.${quoted(table)}'), '${name}')) w(relation, name)
    left join pg_constraint c on c.conrelid = w.relation and c.conname = w.name
    left join pg_index i on i.indexrelid = c.conindid
) f;
`;
}

/** Nothing has to be escaped: the lint lets only letters, digits and _ get here. */
function quoted(identifier: string): string {
  return `"${identifier}"`;
}
