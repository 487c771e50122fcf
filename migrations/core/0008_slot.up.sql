-- Written before the slot is made and completed after it. `id` tells the slot from one of the same name that was made again later.
create table walcast.slot (
  slot_name text primary key,
  publication text not null,
  id uuid not null default gen_random_uuid(),
  consistent_point pg_lsn,
  created_at timestamptz not null default clock_timestamp()
);
revoke all on walcast.slot from public;
