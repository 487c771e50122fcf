/** Tables of every shape that has a say in whether UPDATE and DELETE work once they are published. */
export interface TableShape {
  readonly name: string;
  readonly ddl: string;
  /** Changes a row; every shape has one row to begin with. */
  readonly update: string;
  readonly remove: string;
  readonly insert: string;
  readonly from?: number;
}

const plain = (name: string, columns: string, after = ''): TableShape => ({
  name,
  ddl: `create table ${name} (${columns}); ${after}`,
  insert: `insert into ${name} (a) values (1)`,
  update: `update ${name} set a = a`,
  remove: `delete from ${name}`,
});

export const TABLE_SHAPES: readonly TableShape[] = [
  plain('no_key', 'a int, b json'),
  plain('with_key', 'a int primary key, b text'),
  plain('deferrable_key', 'a int primary key deferrable initially deferred, b text'),
  plain('unique_nullable', 'a int unique, b text'),
  plain('unique_not_null', 'a int not null unique, b text'),
  plain('unique_deferrable', 'a int not null unique deferrable, b text'),
  plain('unique_partial', 'a int not null', 'create unique index on unique_partial (a) where a > 0'),
  plain('unique_expression', 'a int not null', 'create unique index on unique_expression ((a + 1))'),
  plain('unique_include', 'a int not null, b text', 'create unique index on unique_include (a) include (b)'),
  plain(
    'unique_twice',
    'a int not null, b int not null default 1',
    'create unique index on unique_twice (b, a); create unique index on unique_twice (a)',
  ),
  plain('excluded', `a int, r int4range not null default '[1,2)', exclude using gist (r with &&)`),
  plain('identity_full', 'a int', 'alter table identity_full replica identity full'),
  plain('identity_nothing', 'a int', 'alter table identity_nothing replica identity nothing'),
  plain('identity_nothing_key', 'a int primary key', 'alter table identity_nothing_key replica identity nothing'),
  plain(
    'identity_index',
    'a int not null unique',
    'alter table identity_index replica identity using index identity_index_a_key',
  ),
  plain(
    'identity_index_gone',
    'a int not null unique',
    'alter table identity_index_gone replica identity using index identity_index_gone_a_key; alter table identity_index_gone drop constraint identity_index_gone_a_key',
  ),
  plain('generated', 'a int, g int generated always as (a + 1) stored'),
  plain('generated_key', 'a int, g int generated always as (a + 1) stored primary key'),
  { ...plain('virtual_key', 'a int primary key, g int generated always as (a + 1) virtual'), from: 18 },
  { ...plain('virtual_unique', 'a int not null unique, g int generated always as (a + 1) virtual'), from: 18 },
  plain('"Odd ""name"', 'a int, "From" text'),
  plain('unlogged_one', 'a int', 'alter table unlogged_one set unlogged'),
  {
    ...plain('parted', 'a int'),
    ddl: `create table parted (a int, b text) partition by list (a); create table parted_1 partition of parted for values in (1);
      create table parted_rest partition of parted default`,
  },
  {
    ...plain('parted_key', 'a int'),
    ddl: `create table parted_key (a int primary key, b text) partition by range (a);
      create table parted_key_1 partition of parted_key for values from (0) to (10)`,
  },
  {
    ...plain('heirs', 'a int'),
    ddl: `create table heirs (a int primary key); create table heir_one (b text) inherits (heirs); insert into heir_one values (5, 'x')`,
  },
  {
    name: 'no_columns',
    ddl: 'create table no_columns ()',
    insert: 'insert into no_columns default values',
    update:
      'alter table no_columns add column a int; update no_columns set a = 1; alter table no_columns drop column a',
    remove: 'delete from no_columns',
  },
  {
    ...plain('temporal', 'a int'),
    from: 18,
    ddl: `create table temporal (a int, k int4range default '[1,2)', r int4range default '[1,2)', primary key (k, r without overlaps))`,
  },
  {
    ...plain('late_not_null', 'a int'),
    from: 18,
    ddl: `create table late_not_null (a int unique); alter table late_not_null add constraint nn not null a not valid`,
  },
];
