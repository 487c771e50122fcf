-- The relations and everything that inherits from them: ALTER TABLE reports the parent alone.
create function walcast.descendants(relations oid[]) returns oid[] language plpgsql stable as $$
begin
  if not exists (select from pg_class c where c.oid = any (relations) and c.relhassubclass) then
    return relations;
  end if;
  return array(
    with recursive tree(relation) as (
      select unnest(relations)
      union
      select i.inhrelid from tree join pg_inherits i on i.inhparent = tree.relation)
    select tree.relation from tree where tree.relation is not null);
end $$;
revoke all on function walcast.descendants from public;
