/**
 * Takes every right on walcast's objects from everybody but the owner. The migrations grant nothing, but the owner's default privileges
 * (ALTER DEFAULT PRIVILEGES) may.
 */
export const REVOKE_EVERYTHING = `do $$
declare
  statement text;
begin
  for statement in
    select pg_catalog.format('revoke all on %s %s from %s', o.kind, o.name,
        case when a.grantee = 0 then 'public' else a.grantee::pg_catalog.regrole::pg_catalog.text end)
      from (
        select 'schema' as kind, 'walcast' as name, n.nspowner as owner, n.nspacl as acl
          from pg_catalog.pg_namespace n where n.nspname = 'walcast'
        union all
        select 'table', c.oid::pg_catalog.regclass::pg_catalog.text, c.relowner, c.relacl
          from pg_catalog.pg_class c where c.relnamespace = 'walcast'::pg_catalog.regnamespace and c.relkind <> 'i'
        union all
        select 'function', p.oid::pg_catalog.regprocedure::pg_catalog.text, p.proowner,
            coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))
          from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
          -- functions of other roles are made at run time, for them
          where n.nspname = 'walcast' and p.prokind = 'f' and p.proowner = n.nspowner
      ) o cross join lateral (select distinct e.grantee from pg_catalog.aclexplode(o.acl) e where e.grantee <> o.owner) a
  loop
    execute statement;
  end loop;
end $$`;
