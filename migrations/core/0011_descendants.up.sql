-- The relations and everything that inherits from them, itself or over others; temporary heirs are their session's own.
create function walcast.descendants(relations oid[]) returns oid[] language plpgsql stable as $$
begin
  return array(
    with recursive tree(relation) as (
      select unnest(relations)
      union
      select i.inhrelid from tree join pg_inherits i on i.inhparent = tree.relation
        join pg_class c on c.oid = i.inhrelid and c.relpersistence <> 't')
    select tree.relation from tree);
end $$;
revoke all on function walcast.descendants from public;
