-- Generated from 0002_table_ids_by_root.up.sql by `npm run migrations:verify-files`; a test holds both together.
select f.reason is null as finished, f.reason,
  case f.reason
    when 'the index walcast.table_ids_by_root of walcast.table_ids is not valid' then
      'pg_stat_progress_create_index shows whether a session is still building it; if none is, drop the index walcast.table_ids_by_root.'
    when 'walcast.table_ids_by_root is there, but not as an index of walcast.table_ids' then 'Rename or drop it.'
  end as cure
from (
  select case
      when c.oid is null then 'there is no index walcast.table_ids_by_root of walcast.table_ids'
      when i.indrelid is distinct from to_regclass('"walcast"."table_ids"') then
        'walcast.table_ids_by_root is there, but not as an index of walcast.table_ids'
      when not (i.indisvalid and i.indisready) then 'the index walcast.table_ids_by_root of walcast.table_ids is not valid'
    end as reason
  from (values ('walcast', 'table_ids_by_root')) w(schema, name)
    left join pg_namespace n on n.nspname = w.schema
    left join pg_class c on c.relnamespace = n.oid and c.relname = w.name
    left join pg_index i on i.indexrelid = c.oid
) f;
