-- The author of a statement as this server knows them, and whether the function that runs statements with their rights is as we made it: the
-- same owner, the same code, no settings of its own. Null: there is no such role.
create function walcast.author(role_name text, runner_code text) returns json
language plpgsql stable
  set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
begin
  return (
    select json_build_object(
      'oid', r.oid::text,
      'superuser', r.rolsuper,
      'own', r.rolname = current_user,
      'runners', (
        select json_agg(json_build_object(
          'signature', p.oid::regprocedure::text,
          'sound', p.proowner = r.oid and p.prosecdef and p.proconfig is null and p.prosrc = runner_code))
        from pg_proc p where p.pronamespace = 'walcast'::regnamespace and p.proname = 'run_as_' || r.oid))
    from pg_roles r where r.rolname = role_name);
end $$;
revoke all on function walcast.author from public;
