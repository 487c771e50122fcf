import type { SessionCase } from './session-case.ts';

const MEGABYTES_3 = 3 * 2 ** 20;

/** How a statement is written and sent. */
export const TEXT_CASES: readonly SessionCase[] = [
  {
    name: 'comments in one another, dollar quotes in one another, semicolons everywhere',
    steps: [
      `/* a /* b ; create table no_1 (id int); */ ; */ create /* ; */ table -- ; create table no_2 (id int);
         quoted_1 (id int /* , no int */ primary key, t text default $x$ ; $$ -- no comment $$ ' $x$, u text default 'it''s; /* no comment */');
       do $outer$ begin execute $inner$ create table quoted_2 (id int default length($$;'$$), t text default E'\\'; \\\\ \\n') $inner$; end $outer$;
       insert into quoted_1 (id) values (1); ; ; insert into quoted_2 default values;
       comment on table quoted_1 is $c$ /* ; $$ $c$; -- the end ; create table no_3 (id int)`,
      `create function quoted() returns text language plpgsql as $function$ begin /* $$ */ return $body$ ; $$ $body$; end $function$; create table quoted_3 (t text default quoted())`,
    ],
  },
  {
    name: 'E strings, Unicode escapes, standard_conforming_strings = off',
    steps: [
      `create table U&"d\\0061t\\+000061 \\00e9" (U&"!0441" uescape '!' int primary key, b text default U&'\\0441\\043B', c text default E'\\u0441\\x41\\101\\t''')`,
      `insert into "data é" values (1)`,
      `set standard_conforming_strings = off; set escape_string_warning = off`,
      `create table off_1 (id int, a text default 'it\\'s; \\\\ \\u00e9', b text default E'\\'', check (a <> '\\';')); insert into off_1 values (1);
       do $$ begin execute 'create table off_2 (a text default \\'x\\\\\\\\y\\')'; insert into off_2 default values; end $$; comment on table off_1 is 'a\\'; drop table off_1; --'`,
      `alter table off_1 add c text default 'new\\nline'`,
      `set backslash_quote = on; alter table off_1 add d text default 'q\\'q'; reset all`,
      `create table on_1 (a text default 'a\\')`,
    ],
  },
  {
    name: 'line ends of every kind, tabs, no-break spaces in names',
    steps: [
      "create table crlf (\r\n\tid int primary key, -- one\r\n\ta text default 'x\r\ny'\r\n);\r\ninsert into crlf values (1);\r\ncreate table lf_cr (id int)\n\r;\n\rcomment on table crlf is 'a\r';",
      'create table "no\u00a0break\u2028" (id int);\n\n\n\n  alter\ttable\n"no\u00a0break\u2028"\fadd\r\nb int',
      "do $$ begin\r\n  create table in_crlf (id int);\r\n  execute 'alter table in_crlf\r\n add b text default ''\r\n''';\r\nend $$;",
    ],
  },
  {
    // a client of node sends the bytes of UTF-8; read by these encodings they are other letters, and converted
    name: 'clients of other encodings',
    steps: [
      `set client_encoding = 'LATIN1'`,
      `create table "latin é" (id int, "ü" text default 'é;'); insert into "latin é" values (1); comment on table "latin é" is 'ß'; alter table "latin é" add "ñ" int`,
      `set client_encoding = 'SJIS'`,
      `create table "sjis é" (id int, a text default 'é;ñ'); insert into "sjis é" values (1); do $$ begin execute 'alter table "sjis é" add "ñ" text default ''é'''; end $$`,
      `set client_encoding = 'WIN1252'; create table "win é" (a text default 'ü')`,
      'reset client_encoding',
    ],
  },
  {
    name: 'texts of 3 MB',
    steps: [
      `create table long_1 (id int primary key, a text); comment on table long_1 is '${'é;'.repeat(MEGABYTES_3 / 3)}'`,
      `/* ${'x'.repeat(MEGABYTES_3)} */ create table long_2 (id int); insert into long_2 values (1); alter table long_2 add b int default 1; /* ${'y'.repeat(1000)} */ insert into long_2 values (2, 2)`,
      `do $$ begin create table long_3 (id int); /* ${'z'.repeat(MEGABYTES_3)} */ insert into long_3 values (1); execute 'alter table long_3 add b int default 2'; end $$`,
      `create function long_body() returns text language sql as $$ select '${'w'.repeat(MEGABYTES_3)}' $$`,
      `insert into long_1 select 1, '${'v'.repeat(MEGABYTES_3)}'; create table long_4 as select * from long_1`,
      `begin; ${Array.from({ length: 40 }, (_, i) => `alter table long_${1 + (i % 3)} add column_number_${i} text default '${'d'.repeat(2000)}';`).join(' ')} commit`,
    ],
  },
  {
    name: 'the extended protocol',
    steps: [
      (client) => client.query({ text: 'create table extended_1 (id int primary key, a text)', values: [] }),
      (client) => client.query({ name: 'adds', text: 'alter table extended_1 add b int default 5' }),
      (client) =>
        client.query({
          text: 'create table extended_2 as select $1::int as a, $2::text as b, now() as at',
          values: ['5', "it's; $1"],
        }),
      (client) => client.query({ text: 'select $1::numeric as n into extended_3', values: ['1.50'] }),
      (client) => client.query({ text: 'create table if not exists extended_1 as select $1::int', values: ['1'] }),
      async (client) => {
        for (const value of ['1', '2', '3']) {
          await client.query({
            name: 'again',
            text: 'create table extended_4 as select $1::int as a',
            values: [value],
          });
          if (value !== '3') await client.query('drop table extended_4');
        }
      },
      (client) => client.query({ text: 'do $$ begin create table extended_5 (id int); end $$ /* $1 */', values: [] }),
      "prepare made (int) as select $1 as a, 'x'::text as b; create table extended_6 as execute made(7); create table extended_7 as execute made(8) with no data; deallocate made",
      async (client) => {
        await client.query('begin');
        await client.query({ text: 'create table extended_8 (id int)', values: [] });
        await client.query({ text: 'savepoint s', values: [] });
        await client.query({ text: 'alter table extended_8 add b int', values: [] });
        await client.query({ text: 'rollback to s', values: [] });
        await client.query({ text: 'alter table extended_8 add b text', values: [] });
        await client.query({ text: 'commit', values: [] });
      },
    ],
  },
  {
    name: 'the same statement many times in one text',
    steps: [
      `${Array.from({ length: 6 }, (_, i) => `create table if not exists same (id int default ${i}); insert into same default values; ${i % 2 === 1 ? 'drop table same;' : ''}`).join(' ')} create table same (id int default 9)`,
      `do $$ begin for i in 1..4 loop drop table if exists turning; create table turning (id int); insert into turning values (i);
         if i = 2 then alter table turning add b int default 2; elsif i = 4 then alter table turning add b text default 'x'; end if; end loop; end $$`,
    ],
  },
  {
    name: 'sessions that are replicas, whole or for a function',
    as: 'superuser',
    steps: [
      `set session_replication_role = replica; create table restored (id int primary key, p int); insert into restored values (1, 2); alter table restored add foreign key (p) references restored not valid;
       create table keyless_restored (a int); insert into keyless_restored values (1), (1); update keyless_restored set a = 2; create index on keyless_restored (a); drop index keyless_restored_a_idx`,
      `reset session_replication_role; update keyless_restored set a = 3; alter table restored add q double precision default random()`,
      `create function as_replica() returns void language plpgsql set session_replication_role = replica as $$ begin
         create table in_replica (id int); insert into in_replica values (1); alter table in_replica add b double precision default random(); end $$; select as_replica(); alter table in_replica add c int`,
      `do $$ begin set local session_replication_role = replica; create table half (id int); set local session_replication_role = local; alter table half add b int; insert into half values (1, 1);
         begin set local session_replication_role = replica; drop table half; raise exception 'x'; exception when others then alter table half add c int; end; end $$`,
    ],
  },
];
