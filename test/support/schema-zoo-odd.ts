import type { ZooFeature } from './schema-zoo.ts';

export interface OddFeature extends ZooFeature {
  /** What pg_dump gets wrong itself. */
  readonly beyondPgDump?: string;
}

/** What a schema may hold that needs a certain order, hangs on itself, or is seldom seen. Each stands alone, in a schema of its own. */
export const ODD_SCHEMA: readonly OddFeature[] = [
  {
    name: 'a view and a function that need one another',
    sql: [
      'create schema v; create table v.t (id int primary key, a text collate "C"); create view v.first as select id, a, null::int as n from v.t',
      'create function v.of_view(v.first) returns int language sql stable as $$ select $1.id $$; comment on view v.first is $$1$$; alter view v.first owner to alice',
      `create or replace view v.first with (security_barrier) as select f.id, f.a, v.of_view(row(f.id, f.a, 1)::v.first) as n from v.t f; grant select on v.first to bob`,
      'create view v.second as select * from v.first; create table v.holds (x v.first, y v.second[])',
    ],
  },
  {
    name: 'views that group by a key',
    beyondPgDump: 'a default that calls a function of post-data',
    sql: [
      'create schema v; create table v.t (id int primary key, a text, b int)',
      'create view v.grouped as select t.id, t.a, sum(t.b) as s from v.t group by t.id; create view v.above as select id, a from v.grouped',
      'create table v.typed (x v.grouped); create function v.takes(v.grouped) returns int language sql as $$ select $1.id $$',
      'create materialized view v.stored as select t.id, t.a from v.t group by t.id; create unique index on v.stored (id); create view v.of_stored as select * from v.stored; create materialized view v.stored_2 as select * from v.of_stored; comment on materialized view v.stored is $$s$$; grant select on v.stored to bob',
      'create function v.grouping() returns bigint language sql stable begin atomic select count(*) from (select t.id, t.a from v.t group by t.id) x; end',
      'create view v.uses_function as select v.grouping() as n; create table v.has_default (n bigint default v.grouping()); grant execute on function v.grouping() to bob; revoke execute on function v.grouping() from public',
    ],
  },
  {
    name: 'checks and generated columns that call functions of their own table, domain or type',
    beyondPgDump: 'a check is added to a domain that arrays of columns are made of',
    sql: [
      'create schema c; create table c.t (id int, a int); create function c.fine(c.t) returns boolean language sql immutable as $$ select true $$; alter table c.t add constraint fine check (c.fine(t)), add constraint plain check (id > 0)',
      'comment on constraint fine on c.t is $$f$$; comment on constraint plain on c.t is $$p$$',
      'create domain c.d as int; create function c.good(c.d) returns boolean language sql immutable as $$ select true $$; alter domain c.d add constraint good check (c.good(value)); create table c.uses (x c.d, y c.d[])',
      'create function c.twice(int) returns int language sql immutable as $$ select $1 * 2 $$; create table c.gen (a int, b int generated always as (c.twice(a)) stored, c int default c.twice(4), constraint twice check (c.twice(a) > 0)); create table c.gen_child () inherits (c.gen)',
      'create table c.parent (a int); create table c.heir () inherits (c.parent); alter table c.heir add constraint same check (c.twice(a) > 0); alter table c.parent add constraint same check (c.twice(a) > 0)',
      'create table c.late_parent (a int); create table c.late_heir () inherits (c.late_parent); alter table c.late_heir add constraint late check (a > 0) not valid; alter table c.late_parent add constraint late check (a > 0) not valid',
      'create table c.parts (a int, b c.d) partition by list (a); create table c.part_1 partition of c.parts for values in (1); alter table c.parts add constraint on_all check (c.twice(a) > 0); alter table c.part_1 add constraint on_one check (c.twice(a) < 9); alter table c.parts add constraint never check (a > 0) not valid',
    ],
  },
  {
    name: 'functions that call one another',
    beyondPgDump: 'no circle of functions is opened',
    sql: [
      'create schema f; create function f.a(n int default 5, x text default $$;$$) returns int language sql begin atomic select 1; end; create function f.b(int) returns int language sql begin atomic select f.a($1, $$x$$); end',
      'create or replace function f.a(n int default 5, x text default $$;$$) returns int language sql immutable strict begin atomic select case when n > 0 then f.b(n - 1) end; end; comment on function f.a is $$a$$; alter function f.a owner to alice; create view f.v as select f.a(1) as x',
      'create procedure f.p() begin atomic end; create or replace procedure f.p() begin atomic select 1; end',
      'create function f.tab(out a int, out b text) returns setof record language sql begin atomic select 1, null::text; end; create function f.win(int) returns int language internal window as $$window_lag$$; create function f.vari(variadic int[]) returns int language sql immutable leakproof parallel restricted as $$ select 1 $$',
    ],
  },
  {
    name: 'base types, ranges with functions of their own',
    sql: [
      'create schema b; create type b.txt; create function b.txt_in(cstring) returns b.txt language internal immutable strict as $$textin$$; create function b.txt_out(b.txt) returns cstring language internal immutable strict as $$textout$$',
      'create type b.txt (input = b.txt_in, output = b.txt_out, internallength = variable, storage = extended, category = $$S$$, preferred = true, delimiter = $$;$$, collatable = true, default = $$x$$); comment on type b.txt is $$t$$',
      'create type b.r; create function b.canon(b.r) returns b.r language internal immutable strict as $$int4range_canonical$$; create function b.diff(int, int) returns float8 language sql immutable as $$ select ($1 - $2)::float8 $$; create type b.r as range (subtype = int, canonical = b.canon, subtype_diff = b.diff)',
      'create table b.uses (a b.txt, c b.txt[], d b.r, e b.r[]); create function b.more(b.txt) returns int language sql as $$ select 1 $$; create type b.num; create function b.num_in(cstring) returns b.num language internal immutable strict as $$int8in$$; create function b.num_out(b.num) returns cstring language internal immutable strict as $$int8out$$; create type b.num (input = b.num_in, output = b.num_out, internallength = 8, passedbyvalue, alignment = double)',
      'create type b.none as (); create type b.no_label as enum (); create type b.only_shell; create domain b.of_range as b.r[] not null default $${}$$; create type b.text_range as range (subtype = text, collation = "C", subtype_opclass = text_pattern_ops, multirange_type_name = "Odd.Multi")',
    ],
  },
  {
    name: 'partitions with a past of their own',
    beyondPgDump: "the foreign key of a partition gets its parent's name",
    sql: [
      'create schema p; create table p.target (id int primary key, x int unique); create table p.target_2 (a int, b int, primary key (a, b)) partition by range (a); create table p.target_2_1 partition of p.target_2 for values from (0) to (10)',
      'create table p.root (id int not null, k int, note text default $$r$$, g int generated always as (1) stored, constraint checked check (k > 0)) partition by range (id)',
      'create table p.low (k int, g int generated always as (1) stored, note text default $$low$$ not null, id int not null, constraint checked check (k > 0), constraint own check (k < 100), constraint own_fk foreign key (k) references p.target (x) on delete set null deferrable)',
      'create index own_name on p.low (k); create unique index low_key on p.low (id) include (k); alter table p.low add constraint low_pk primary key using index low_key; create index only_low on p.low (note)',
      'alter table p.root attach partition p.low for values from (0) to (10); create table p.high partition of p.root for values from (10) to (20) partition by hash (id); create table p.high_0 partition of p.high for values with (modulus 2, remainder 0) with (fillfactor = 70); create unlogged table p.high_1 partition of p.high for values with (modulus 2, remainder 1); create table p.rest partition of p.root default',
      'alter table p.root add constraint root_pk primary key (id) include (k); create index root_k on p.root (k); alter table p.root add constraint root_fk foreign key (k) references p.target (x) on delete set null deferrable; alter table p.root add foreign key (k, id) references p.target_2 match full; comment on index p.own_name is $$i$$; comment on index p.low_pk is $$pk$$; comment on constraint own_fk on p.low is $$fk$$',
      'create function p.trig() returns trigger language plpgsql as $$ begin return new; end $$; create trigger tr before insert on p.root for each row execute function p.trig(); alter table only p.root disable trigger tr; alter table p.low enable replica trigger tr; create trigger own after delete on p.high_0 execute function p.trig()',
      'alter table p.low replica identity using index low_pk; alter table p.high_0 replica identity full; create index on only p.root (note); alter table p.high_0 alter k set default 8, alter note drop default',
      'create table p.elsewhere (a p.root, b p.low[]); alter table p.root owner to alice; alter table p.low owner to bob; grant select on p.low to alice; create statistics p.st on k, note from p.root',
    ],
  },
  {
    name: 'identity on partitions',
    since: 17,
    sql: [
      'create schema p; create table p.root (id int generated always as identity, k int) partition by list (k); create table p.one partition of p.root for values in (1); create table p.two (k int, id int not null); alter table p.root attach partition p.two for values in (2)',
      'create domain p.named as int constraint must not null constraint more check (value > 0); comment on constraint must on domain p.named is $$n$$',
    ],
  },
  {
    name: 'inheritance in every way',
    beyondPgDump: 'version 18 writes NOT NULL of inherited columns in a way that no server before 18 reads',
    sql: [
      'create schema i; create table i.a (x int default 1 not null, y text collate "C" default $$y$$, constraint c1 check (x > 0), constraint c2 check (x < 9) no inherit); create table i.b (z int, y text collate "C", constraint c3 check (z > 0))',
      'create table i.both (own int) inherits (i.a, i.b); create table i.under (deep int) inherits (i.both); alter table i.both alter x drop default, alter z set not null, alter y set default $$other$$; alter table i.under alter z set default 7',
      'create table i.merged (x int default 5, constraint c1 check (x > 0)) inherits (i.a); alter table i.merged alter x set storage plain; alter table i.merged alter x set statistics 77; create table i.loose (q int, x int not null, y text collate "C", constraint c1 check (x > 0)); alter table i.loose inherit i.a; alter table i.a add later int; alter table i.loose add after_later int',
      'create table i.generated (a int, g int generated always as (a * 2) stored); create table i.gen_child (b int) inherits (i.generated)',
      'create function i.f(int) returns boolean language sql immutable as $$ select true $$; alter table i.a add constraint calls check (i.f(x)); alter table i.a add constraint unchecked check (x <> 7) not valid; comment on constraint calls on i.a is $$c$$; comment on column i.loose.later is $$l$$',
      'create table i.abroad_parent (a int not null default 3, constraint pos check (a > 0)); create foreign data wrapper i_wrapper; create server i_server foreign data wrapper i_wrapper; create foreign table i.abroad (b int options (x $$1$$)) inherits (i.abroad_parent) server i_server; alter foreign table i.abroad alter a options (add y $$2$$)',
    ],
  },
  {
    name: 'NOT NULL as constraints',
    since: 18,
    sql: [
      'create schema n; create table n.a (x int constraint named not null, y int not null no inherit, z int primary key, w int not null); alter table n.a rename constraint a_w_not_null to odd; create table n.b (v int) inherits (n.a); alter table n.b alter y set not null; create table n.c (x int constraint mine not null) inherits (n.a)',
      'create table n.base (x int); create table n.sub () inherits (n.base); alter table n.sub add constraint of_sub not null x; alter table n.base add constraint of_base not null x not valid; comment on constraint named on n.a is $$n$$',
      'create table n.parts (k int not null, v int constraint v_there not null) partition by list (k); create table n.part (v int constraint v_own not null, k int constraint k_own not null); alter table n.parts attach partition n.part for values in (1); create table n.part_2 partition of n.parts for values in (2)',
      'create table n.virt (a int, b int generated always as (a + 1) virtual not null, constraint en check (b > 0) not enforced); create table n.virt_child () inherits (n.virt)',
      'create table n.r (id int4range, at daterange, primary key (id, at without overlaps)); create table n.r2 (id int4range, at daterange, foreign key (id, period at) references n.r (id, period at), unique (id, at without overlaps)); create table n.fk_parts (k int primary key) partition by list (k); create table n.fk_part partition of n.fk_parts for values in (1); create table n.fk_from (k int) partition by list (k); create table n.fk_from_1 partition of n.fk_from for values in (1); alter table n.fk_from add constraint nv foreign key (k) references n.fk_parts not valid',
      'create type n.pair as (a int, b text); create table n.of_type of n.pair (a with options constraint t_nn not null, b with options default $$x$$)',
    ],
  },
  {
    name: 'constraints and indexes in every way',
    sql: [
      'create schema k; create table k.t (a int, b text, c int4range, d int, constraint pk primary key (a) include (b) with (fillfactor = 60) deferrable initially deferred, constraint uq unique (b, d) with (fillfactor = 80), constraint ex exclude using gist (c with &&) with (fillfactor = 50) where (a > 0) deferrable); alter table k.t cluster on uq',
      'create table k.ident (a int not null, b int not null); create unique index "By;Index" on k.ident (b, a); alter table k.ident replica identity using index "By;Index"; create index on k.ident (a) with (deduplicate_items = off)',
      'create function k.f(int) returns int language sql immutable as $$ select 1 $$; create index expr on k.t (k.f(a), (d + 1)) where k.f(d) > 0; alter index k.expr alter column 2 set statistics 0; create unique index on k.t ((lower(b)) collate "C" text_pattern_ops desc nulls first); comment on index k.expr is $$e$$; comment on constraint pk on k.t is $$p$$; comment on index k.pk is $$ip$$',
      'create table k.ref (x int unique, y int, unique (x, y)); create table k.fk (x int references k.ref (x) match full on update restrict on delete set default, y int, z int, foreign key (z) references k.ref (x) not valid, constraint pair foreign key (x, y) references k.ref (x, y) on update cascade on delete no action deferrable initially immediate); comment on constraint pair on k.fk is $$b$$',
      'create extension pg_trgm; create table k.trgm (t text); create index on k.trgm using gist (t public.gist_trgm_ops (siglen = 32)); create table k.opts (a int, b text) with (autovacuum_vacuum_scale_factor = 0.5, toast.autovacuum_enabled = false, fillfactor = 40); alter table k.opts alter b set (n_distinct = 5, n_distinct_inherited = 7), alter a set statistics 0',
    ],
  },
  {
    name: 'columns to which a foreign key sets null',
    since: 15,
    sql: [
      'create schema k; create table k.ref (x int, y int, primary key (x, y)); create table k.fk (x int, y int, foreign key (x, y) references k.ref on delete set null (y)); create table k.nn (a int, b int, unique nulls not distinct (a, b)); create unique index on k.nn (b) nulls not distinct',
    ],
  },
  {
    name: 'rights in every way',
    sql: [
      'create schema g; grant usage on schema g to public; create table g.t (a int, b int); create view g.v as select 1 as x; create sequence g.s; create type g.e as enum ($$a$$); create domain g.d as int; create function g.f(int, out text) language sql as $$ select null::text $$; create procedure g.p(inout int) language sql as $$ select 1 $$; create aggregate g.agg(*) (sfunc = int8inc, stype = int8, initcond = $$0$$)',
      'alter table g.t owner to alice; revoke insert, references on g.t from alice; grant select, update on g.t to bob with grant option; grant select (a), update (b) on g.t to public; grant insert (a) on g.t to bob with grant option',
      'set session authorization bob; grant select on g.t to app with grant option; grant insert (a) on g.t to app; reset session authorization; set session authorization app; grant select on g.t to public; reset session authorization',
      'revoke all on g.v from current_user; grant all on g.v to bob; grant usage, update on sequence g.s to public; revoke usage on type g.e, g.d from public; grant usage on domain g.d to alice with grant option; revoke execute on function g.f(int) from public; grant execute on procedure g.p(int) to bob with grant option; grant execute on function g.agg() to bob; revoke execute on function g.agg() from public; create aggregate g.ranked(variadic "any" order by variadic "any") (sfunc = ordered_set_transition_multi, stype = internal, finalfunc = rank_final, finalfunc_extra, hypothetical); grant execute on function g.ranked(variadic "any") to bob',
      'revoke usage on language sql from public; grant usage on language sql to app; grant select on pg_authid to bob; grant select (rolpassword) on pg_authid to alice; revoke select on pg_stat_activity from public; grant create on schema public to bob; revoke usage on schema public from public; alter schema public owner to alice; comment on schema public is $$mine$$; revoke usage on schema information_schema from public',
      'alter default privileges for role bob in schema g grant usage on sequences to alice with grant option; alter default privileges for role bob grant all on schemas to app; alter default privileges for role bob revoke all on tables from bob; alter default privileges for role alice in schema g grant usage on types to public',
      'create extension hstore; grant execute on function hstore_to_json(hstore) to bob; revoke execute on function akeys(hstore) from public; revoke usage on type hstore from public; create extension pg_stat_statements; revoke select on pg_stat_statements from public; create table g."T;1" ("a b" int); grant select ("a b") on g."T;1" to bob',
    ],
  },
  {
    name: 'operators and their families in every way',
    sql: [
      'create schema o; create type o.t as (a int); create function o.cmp(o.t, o.t) returns int language sql immutable as $$ select $1.a - $2.a $$; create function o.cmp_int(o.t, int) returns int language sql immutable as $$ select $1.a - $2 $$; create function o.hash(o.t) returns int language sql immutable as $$ select $1.a $$; create function o.to_bool(o.t, o.t) returns boolean language sql immutable as $$ select $1.a = $2.a $$; create function o.to_bool(o.t, int) returns boolean language sql immutable as $$ select $1.a = $2 $$; create function o.dist(o.t, o.t) returns float8 language sql immutable as $$ select 1.0::float8 $$',
      'create operator o.= (leftarg = o.t, rightarg = o.t, function = o.to_bool, commutator = operator(o.=), negator = operator(o.<>), restrict = eqsel, join = eqjoinsel, hashes, merges); create operator o.<> (leftarg = o.t, rightarg = o.t, function = o.to_bool, negator = operator(o.=), commutator = operator(o.<>)); create operator o.< (leftarg = o.t, rightarg = o.t, function = o.to_bool); create operator o.<= (leftarg = o.t, rightarg = o.t, function = o.to_bool); create operator o.>= (leftarg = o.t, rightarg = o.t, function = o.to_bool); create operator o.> (leftarg = o.t, rightarg = o.t, function = o.to_bool); create operator o.= (leftarg = o.t, rightarg = int, function = o.to_bool); create operator o.<-> (leftarg = o.t, rightarg = o.t, function = o.dist)',
      'create operator class o.ops default for type o.t using btree as operator 1 o.<, operator 2 o.<=, operator 3 o.=, operator 4 o.>=, operator 5 o.>, function 1 o.cmp(o.t, o.t); alter operator family o.ops using btree add operator 3 o.= (o.t, int), function 1 (o.t, int) o.cmp_int(o.t, int); create operator class o.hash_ops for type o.t using hash as operator 1 o.=, function 1 o.hash(o.t); create operator family o."Empty;" using gin; alter operator family o."Empty;" using gin owner to alice; comment on operator class o.ops using btree is $$c$$; comment on operator family o.ops using btree is $$f$$; alter operator class o.hash_ops using hash owner to bob',
      'create table o.indexed (x o.t); create index on o.indexed (x); create index on o.indexed using hash (x o.hash_ops); create table o.parted (x o.t) partition by hash (x o.hash_ops)',
      'create operator class o.gist_ops for type point using gist as operator 15 <->(point, point) for order by pg_catalog.float_ops, function 1 gist_point_consistent(internal, point, smallint, oid, internal), function 2 gist_box_union(internal, internal), function 5 gist_box_penalty(internal, internal, internal), function 6 gist_box_picksplit(internal, internal), function 7 gist_box_same(box, box, internal), storage box',
      'create function o.add(int, int) returns int language sql immutable as $$ select $1 + $2 $$; create function o.sub(int, int) returns int language sql immutable as $$ select $1 - $2 $$; create aggregate o.moving(int) (sfunc = o.add, stype = int, msfunc = o.add, minvfunc = o.sub, mstype = int, minitcond = $$0$$, initcond = $$1$$); comment on aggregate o.moving(int) is $$m$$; create aggregate o.hypo(variadic "any" order by variadic "any") (sfunc = ordered_set_transition_multi, stype = internal, finalfunc = rank_final, finalfunc_extra, hypothetical); create aggregate o.sorted(a int) (sfunc = int4larger, stype = int, sortop = operator(pg_catalog.>), combinefunc = int4larger, parallel = restricted); create aggregate o.ser(numeric) (sfunc = numeric_accum, stype = internal, sspace = 128, finalfunc = numeric_avg, combinefunc = numeric_combine, serialfunc = numeric_serialize, deserialfunc = numeric_deserialize); alter aggregate o.hypo(variadic "any" order by variadic "any") owner to bob',
      'create type o.alias as (a int); create function o.alias_cmp(o.alias, int) returns int language sql immutable as $$ select 1 $$; create function o.alias_eq(o.alias, int) returns boolean language sql immutable as $$ select true $$; create operator o.== (leftarg = o.alias, rightarg = int, function = o.alias_eq); alter operator family integer_ops using btree add operator 3 o.== (o.alias, int), function 1 (o.alias, int) o.alias_cmp(o.alias, int); create function o.from_text(text) returns o.t language sql immutable as $$ select row(1)::o.t $$; create cast (text as o.t) with function o.from_text(text) as implicit; create cast (o.t as text) with inout; create type o.u as (a int); create domain o.plain as int; create type o.like_int; create function o.like_in(cstring) returns o.like_int language internal immutable strict as $$int4in$$; create function o.like_out(o.like_int) returns cstring language internal immutable strict as $$int4out$$; create type o.like_int (input = o.like_in, output = o.like_out, like = int4); create cast (o.like_int as int) without function as assignment; create default conversion o.conv for $$LATIN1$$ to $$UTF8$$ from iso8859_1_to_utf8; comment on conversion o.conv is $$c$$; comment on cast (o.like_int as int) is $$k$$; alter conversion o.conv owner to alice',
    ],
  },
  {
    name: 'text search, languages, collations, access methods in every way',
    beyondPgDump: 'a language without validator and inline handler is taken for an extension',
    sql: [
      'create schema s; create text search parser s.parse (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype, headline = prsd_headline); create text search template s.templ (init = dsimple_init, lexize = dsimple_lexize); create text search template s.bare (lexize = dsimple_lexize); create text search dictionary s."D;" (template = s.templ, stopwords = english, accept = true); create text search configuration s.conf (parser = s.parse); alter text search configuration s.conf add mapping for asciiword, word with s."D;", english_stem; alter text search configuration s.conf add mapping for email with simple',
      'comment on text search parser s.parse is $$p$$; comment on text search template s.templ is $$t$$; comment on text search dictionary s."D;" is $$d$$; comment on text search configuration s.conf is $$c$$; alter text search configuration s.conf owner to alice; alter text search dictionary s."D;" owner to bob; create table s.t (v tsvector default to_tsvector($$s.conf$$, $$x$$)); create index on s.t using gin (to_tsvector($$s.conf$$, v::text))',
      'create collation s.icu (provider = icu, locale = $$und-u-ks-level2$$, deterministic = false); create collation s.two (lc_collate = $$C$$, lc_ctype = $$POSIX$$); create collation s.de from "C"; alter collation s.icu owner to bob; create table s.c (a text collate s.icu); create domain s.d as text collate s.icu; create type s.ct as (a text collate s.two); create index on s.c (a collate s.two); create table s.cp (a text collate s.two) partition by range (a collate s.de); create view s.v as select a collate s.two as a from s.c',
      'create language s_lang handler plpgsql_call_handler; comment on language s_lang is $$l$$; alter language s_lang owner to bob; create access method s_am type index handler hashhandler; comment on access method s_am is $$a$$; create operator class s.am_ops default for type int using s_am as operator 1 =(int, int), function 1 hashint4(int); create table s.am (a int); create index on s.am using s_am (a); create access method s_heap type table handler heap_tableam_handler; create table s.in_heap (a int) using s_heap; create materialized view s.mv_heap using s_heap as select 1 as a; create table s.after_heap (a int)',
      'create function s.from_sql(internal) returns internal language internal immutable as $$prsd_lextype$$; create transform for int language sql (from sql with function s.from_sql(internal)); comment on transform for int language sql is $$t$$; create function s.uses_transform(int) returns int language sql transform for type int as $$ select 1 $$',
    ],
  },
  {
    name: 'views, rules and triggers in every way',
    beyondPgDump: 'options of views change their order',
    sql: [
      'create schema w; create table w.t (id int primary key, "A;b" text, at timestamptz default now()); create view w.none as select; create view w.checked with (check_option = local, security_barrier = false) as select id, "A;b" from w.t where id > 0; alter view w.checked alter id set default 5, alter "A;b" set default $$;$$; create view w."Named ;"(x, "y z") as select 1, $$;$$::text collate "C"; create temporary view gone as select 1',
      'create view w.windows as select id, rank() over (partition by "A;b" order by id), sum(id) filter (where id > 0) over w2 as s from w.t window w2 as (order by at rows between 1 preceding and current row); create view w.ctes as with recursive r(n) as (select 1 union all select n + 1 from r where n < 3), m as materialized (select * from r) select * from m, lateral (select m.n * 2) l(d), rows from (generate_series(1, 2), unnest(array[1])) with ordinality as q(a, b, o), xmltable($$/r$$ passing xml $$<r/>$$ columns c text path $$.$$) x; create view w.sets as values (1, $$a$$) union select id, "A;b" from w.t tablesample system (50) except select 3, null; create view w.grouping as select id, "A;b", count(*) from w.t group by grouping sets ((id), ("A;b"), ()) having count(*) > 1',
      'create rule r1 as on insert to w.t where new.id > 5 do also (insert into w.t values (new.id + 1); update w.t set "A;b" = $$;$$ where id = new.id; delete from w.t where id = 9); create rule r0 as on update to w.t do also notify "Ch;an", $$pay;load$$; create rule r2 as on insert to w.checked do instead insert into w.t values (new.id, new."A;b") returning id, "A;b"; create rule "R;3" as on delete to w.checked do instead nothing; alter table w.t enable always rule r1; alter table w.t disable rule r0; comment on rule r1 on w.t is $$r$$',
      'create table w.u (a int); create function w.tr() returns trigger language plpgsql as $$ begin return new; end $$; create trigger "T;1" before update of "A;b", id on w.t for each row when (old.* is distinct from new.*) execute function w.tr($$;$$, 1, $$"$$); create trigger t2 after insert on w.t referencing new table as "N;" for each statement execute function w.tr(); create constraint trigger t3 after update on w.t from w.u deferrable initially immediate for each row execute function w.tr(); create trigger t4 instead of update on w."Named ;" for each row execute function w.tr(); comment on trigger "T;1" on w.t is $$t$$',
      'create materialized view w.z as select 1 as a; create materialized view w.y as select a from w.z; create view w.over_y as select * from w.y; create materialized view w.x with (fillfactor = 60) as select a, $$;$$::text as b from w.over_y; create materialized view w.dry as select 1 as a with no data; create materialized view w.of_dry as select count(*) from w.t; create unique index on w.x (a); create index on w.x (b) where a > 0; alter materialized view w.x alter b set storage external, alter b set statistics 10; alter materialized view w.x cluster on x_a_idx; comment on column w.x.b is $$b$$; create statistics w.st on a, b from w.x',
      'create function w.ev() returns event_trigger language plpgsql as $$ begin end $$; create event trigger w_1 on ddl_command_start execute function w.ev(); alter event trigger w_1 disable; create event trigger w_2 on table_rewrite when tag in ($$ALTER TABLE$$, $$ALTER TYPE$$) execute function w.ev(); alter event trigger w_2 enable replica; create event trigger "w;3" on sql_drop execute function w.ev(); alter event trigger "w;3" enable always; comment on event trigger "w;3" is $$e$$',
      'create table w.guarded (a int); create policy "P;1" on w.guarded for insert with check (a > 0); create policy p2 on w.guarded as restrictive for select to current_user, alice using (exists (select from w.t where id = a)); create policy p3 on w.guarded for all to public using (true) with check (false); alter table w.guarded force row level security',
    ],
  },
  {
    name: 'foreign tables in every way',
    sql: [
      'create schema r; create foreign data wrapper r_w options (debug $$tr;ue$$); create foreign data wrapper r_v validator postgresql_fdw_validator; create server r_s type $$t;y$$ version $$1;0$$ foreign data wrapper r_w options (host $$h;o$$); create user mapping for alice server r_s options (user $$u$$, password $$p;"\$$); create user mapping for current_user server r_s; create user mapping for public server r_s options (user $$x$$)'.replace(
        '\\$$',
        '\\\\$$',
      ),
      'create table r.parted (a int not null, b text) partition by list (a); create foreign data wrapper r_free; create server r_free_s foreign data wrapper r_free; create foreign table r.part partition of r.parted for values in (1) server r_free_s options ("Opt ion" $$v;$$); create foreign table r.ft (a int options (c $$1$$) default 5 not null, b text options (d $$it;s$$) collate "C", g int generated always as (a) stored, constraint pos check (a > 0) not valid) server r_free_s; alter foreign table r.ft alter b set statistics 5, alter b set storage external; comment on foreign table r.ft is $$f$$; comment on column r.ft.b is $$b$$; comment on foreign data wrapper r_free is $$w$$; grant select (a) on r.ft to bob; alter foreign table r.ft owner to alice; create function r.tr() returns trigger language plpgsql as $$ begin return new; end $$; create trigger t before insert on r.ft for each row execute function r.tr(); create view r.v as select * from r.ft',
    ],
  },
  {
    name: 'names of every kind of object',
    sql: [
      `create schema "s.;""'$$ é"; create extension citext schema "s.;""'$$ é"`,
      `create type "s.;""'$$ é"."e ;" as enum ('a;''', '"'); create type "s.;""'$$ é"."c ;" as ("f ;" int, "select" "s.;""'$$ é"."e ;"[]); create domain "s.;""'$$ é"."d ;" as int constraint "k ;" check (value > 0); create type "s.;""'$$ é"."r ;" as range (subtype = text); create sequence "s.;""'$$ é"."q ;"; create collation "s.;""'$$ é"."l ;" from "C"`,
      `create function "s.;""'$$ é"."f ;"("a ;" "s.;""'$$ é"."c ;", "table" int default 7) returns table ("x ;" int, "y" "s.;""'$$ é"."d ;") language sql as 'select 1, 2'; create procedure "s.;""'$$ é"."p ;"() language sql as ''; create aggregate "s.;""'$$ é"."a ;"("v ;" int) (sfunc = int4larger, stype = int); create function "s.;""'$$ é"."o ;"("s.;""'$$ é"."e ;", int) returns int language sql as 'select 1'; create operator "s.;""'$$ é".@#@ (leftarg = "s.;""'$$ é"."e ;", rightarg = int, function = "s.;""'$$ é"."o ;")`,
      `create table "s.;""'$$ é"."t ;" ("i ;" int primary key default nextval('"s.;""''$$ é"."q ;"'), "g ;" int generated always as ("i ;" * 2) stored, "id ;" int generated by default as identity, "user" "s.;""'$$ é".citext collate "s.;""'$$ é"."l ;", "e" "s.;""'$$ é"."e ;" default 'a;''', constraint "ck ;" check ("i ;" > 0), unique ("user", "e"), foreign key ("id ;") references "s.;""'$$ é"."t ;"); alter sequence "s.;""'$$ é"."q ;" owned by "s.;""'$$ é"."t ;"."i ;"`,
      `create index "x ;" on "s.;""'$$ é"."t ;" ("g ;", lower("user")) where "i ;" > 0; create statistics "s.;""'$$ é"."st ;" on "i ;", "g ;" from "s.;""'$$ é"."t ;"; create view "s.;""'$$ é"."v ;" ("n ;") as select "i ;" from "s.;""'$$ é"."t ;"; create materialized view "s.;""'$$ é"."m ;" as select * from "s.;""'$$ é"."v ;"; create rule "ru ;" as on insert to "s.;""'$$ é"."v ;" do instead nothing; create policy "po ;" on "s.;""'$$ é"."t ;" using ("i ;" > 0)`,
      `create function "s.;""'$$ é"."tf ;"() returns trigger language plpgsql as 'begin return new; end'; create trigger "tr ;" before insert on "s.;""'$$ é"."t ;" for each row when (new."i ;" > 0) execute function "s.;""'$$ é"."tf ;"('"', ''''); create table "s.;""'$$ é"."pp ;" ("k ;" text) partition by list (lower("k ;")); create table "s.;""'$$ é"."p1 ;" partition of "s.;""'$$ é"."pp ;" for values in ('a;''"'); create index "pi ;" on "s.;""'$$ é"."pp ;" ("k ;"); create text search dictionary "s.;""'$$ é"."td ;" (template = simple); create text search configuration "s.;""'$$ é"."tc ;" (copy = simple)`,
      `comment on table "s.;""'$$ é"."t ;" is E'a\\\\b''c\\nd'; comment on column "s.;""'$$ é"."t ;"."i ;" is 'i'; comment on constraint "ck ;" on "s.;""'$$ é"."t ;" is 'c'; comment on trigger "tr ;" on "s.;""'$$ é"."t ;" is 't'; comment on policy "po ;" on "s.;""'$$ é"."t ;" is 'p'; comment on rule "ru ;" on "s.;""'$$ é"."v ;" is 'r'; comment on function "s.;""'$$ é"."f ;" is 'f'; comment on operator "s.;""'$$ é".@#@ ("s.;""'$$ é"."e ;", int) is 'o'; comment on column "s.;""'$$ é"."c ;"."f ;" is 'cf'; comment on constraint "k ;" on domain "s.;""'$$ é"."d ;" is 'k'; grant select ("i ;") on "s.;""'$$ é"."t ;" to bob; grant execute on function "s.;""'$$ é"."f ;" to bob; alter table "s.;""'$$ é"."t ;" owner to alice`,
    ],
  },
  {
    name: 'sequences in every way',
    since: 15,
    sql: [
      'create schema q; create unlogged table q.u (a int generated always as identity (start 5 increment -2 minvalue -9 maxvalue 7 cache 3 cycle), b smallint generated by default as identity, c serial); alter sequence q.u_b_seq set logged; create table q.l (a bigint generated by default as identity); alter sequence q.l_a_seq set unlogged; comment on sequence q.l_a_seq is $$s$$; grant usage on sequence q.l_a_seq to bob; alter table q.l owner to alice; create sequence q.desc_ as int increment -1; create sequence q.shared; create table q.one (a int default nextval($$q.shared$$)); create table q.two (a int default nextval($$q.shared$$)); alter sequence q.shared owned by q.two.a; create table q.dropped (id serial); alter table q.dropped alter id drop default',
    ],
  },
];
