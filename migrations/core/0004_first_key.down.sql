do $$
declare
  key regclass;
begin
  for key in select inhrelid from pg_inherits where inhparent = 'walcast.key'::regclass loop
    execute format('drop table %s', key);
  end loop;
end $$;
delete from walcast.key_generation;
