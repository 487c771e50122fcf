-- Which id a table has, since when. A log: rows are only added, so that no command of a user ever waits for another one's row or fails
-- because its snapshot is too old for it. What holds is the row with the greatest `since`.
--
-- A dropped table keeps its rows, the last one without an id, for as long as a slot may still bring rows of it: a daemon that starts again
-- before the drop has to know what it was. Ordinary and partitioned tables have ids, for their rows are in the WAL; views, materialized
-- views, foreign and temporary tables have none.
create table walcast.table_ids (
  relation oid not null,
  -- position of the WAL; 0/0: was there before the injector
  since pg_lsn not null,
  -- random, so that no other table ever gets the same, not even after the injector was removed and installed again
  id text,
  -- itself, or the partitioned table at the top whose id the partition bears
  root oid,
  primary key (relation, since)
);
revoke all on walcast.table_ids from public;
