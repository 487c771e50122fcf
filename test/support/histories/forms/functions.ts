import { type Context, type Form, fresh, mine, ref, relations } from '../context.ts';
import type { Routine } from '../world.ts';

const own = (c: Context, fits: (routine: Routine) => boolean = () => true): Routine | undefined =>
  c.draw.maybe(c.world.routines.filter((routine) => mine(c, routine) && fits(routine)));
const isTrigger = ({ returns }: Routine): boolean => returns === 'trigger';
const word = ({ kind }: Routine): string => (kind === 'p' ? 'procedure' : 'function');

export const FUNCTION_FORMS: readonly Form[] = [
  {
    name: 'create function',
    weight: 3,
    make: (c) => {
      const name = fresh(c, 'function');
      return c.draw.pick([
        `create function ${name}(a int, "B" text default 'it''s') returns int language sql immutable as 'select a + 1 -- ; comment'`,
        `create or replace function ${name}(variadic a int[]) returns text language plpgsql stable set search_path = pg_catalog as $body$ begin return 'x;y'; end $body$`,
        `create function ${name}() returns table (x int, y text) language sql as $$ select 1, 'a' $$`,
        `create function ${name}(x int) returns int language sql begin atomic select x * 2; end`,
        `create function ${name}(inout n int, out t text) security definer cost 7 language plpgsql as $$ begin t := n::text; end $$`,
      ]);
    },
  },
  {
    name: 'create procedure',
    make: (c) => `create procedure ${fresh(c, 'procedure')}(a int) language plpgsql as $x$ begin perform a; end $x$`,
  },
  {
    name: 'alter function',
    make: (c) => {
      const routine = own(c, ({ kind }) => kind === 'f');
      return routine === undefined
        ? null
        : `alter function ${ref(c, routine)}(${routine.args}) ${c.draw.pick([`rename to ${c.names.fresh('function')}`, `set schema ${c.draw.pick(c.open)}`, 'stable cost 33', `set work_mem = '5MB'`, 'reset all', c.role === 'superuser' ? 'owner to alice' : 'volatile', 'security definer'])}`;
    },
  },
  {
    name: 'drop function',
    make: (c) => {
      const routine = own(c);
      return routine === undefined ? null : `drop ${word(routine)} ${ref(c, routine)}(${routine.args}) cascade`;
    },
  },
  {
    name: 'create trigger function',
    weight: 3,
    make: (c) =>
      `create function ${fresh(c, 'fires')}() returns trigger language plpgsql as $$ begin if tg_op = 'DELETE' then return old; end if; return new; end $$`,
  },
  {
    name: 'create trigger',
    weight: 3,
    make: (c) => {
      const table = c.draw.maybe(
        relations(c, 'r', 'p').filter(({ partition, persistence }) => !partition && persistence === 'p'),
      );
      const routine = own(c, isTrigger);
      if (table === undefined || routine === undefined) return null;
      const head = c.draw.pick([
        'trigger @ after insert or update on # for each row',
        'trigger @ after delete or truncate on # for each statement',
        'trigger @ before insert on # for each row when (true)',
        ...(table.kind === 'r'
          ? [
              'constraint trigger @ after insert on # deferrable initially deferred for each row',
              'trigger @ after update on # referencing new table as n for each statement',
            ]
          : []),
      ]);
      if (table.heir && head.includes('referencing')) return null;
      return `create ${head.replace('@', () => c.names.fresh('trigger')).replace('#', () => ref(c, table))} execute function ${ref(c, routine)}()`;
    },
  },
  {
    name: 'rename or drop trigger',
    weight: 6,
    make: (c) => {
      const table = c.draw.maybe(
        relations(c, 'r', 'p').filter(({ triggers }) => triggers.some(({ inherited }) => !inherited)),
      );
      const trigger = c.draw.maybe(table?.triggers.filter(({ inherited }) => !inherited) ?? []);
      if (table === undefined || trigger === undefined) return null;
      return c.draw.pick([
        `alter trigger ${trigger.name} on ${ref(c, table)} rename to ${c.names.fresh('trigger')}`,
        `drop trigger ${trigger.name} on ${ref(c, table)}`,
      ]);
    },
  },
  {
    name: 'enable or disable triggers',
    weight: 5,
    make: (c) => {
      const tables = relations(c, 'r', 'p').filter(({ persistence }) => persistence === 'p');
      const table = c.draw.maybe(tables.filter(({ triggers }) => triggers.length > 0)) ?? c.draw.maybe(tables);
      if (table === undefined) return null;
      const word = c.draw.pick(['disable', 'enable']);
      const known = c.draw.maybe(table.triggers);
      if (known !== undefined)
        return `alter table ${ref(c, table)} ${word} trigger ${c.draw.pick([known.name, 'user'])}`;
      const [fires, trigger] = [fresh(c, 'fires'), c.names.fresh('trigger')];
      return `create function ${fires}() returns trigger language plpgsql as $$ begin return new; end $$; create trigger ${trigger} after insert on ${table.sql} for each row execute function ${fires}(); alter table ${table.sql} ${word} trigger ${trigger}`;
    },
  },
  {
    name: 'index or check over an own function',
    make: (c) => {
      const table = c.draw.maybe(
        relations(c, 'r').filter(
          ({ partition, persistence, columns }) =>
            !partition && persistence === 'p' && columns.some(({ type }) => type === 'integer'),
        ),
      );
      const column = table?.columns.find(({ type, generated }) => type === 'integer' && generated !== 'v');
      if (table === undefined || column === undefined) return null;
      const name = fresh(c, 'pure');
      const use = c.draw.pick([
        `create index on ${table.sql} (${name}(${column.name}))`,
        `alter table ${table.sql} add check (${name}(${column.name}) is not null or true)`,
      ]);
      return `create function ${name}(n int) returns int language plpgsql immutable as $$ begin return abs(n % 1000); end $$; ${use}`;
    },
  },
  {
    name: 'function that makes a table',
    make: (c) => {
      const [maker, table] = [fresh(c, 'maker'), fresh(c, 'made')];
      return `create function ${maker}(suffix text) returns void language plpgsql as $f$ begin
  execute 'create table ${table.replaceAll("'", "''")} (id int primary key, k text default ' || quote_literal(suffix) || ')';
  execute format('insert into %s values (1), (2)', '${table.replaceAll("'", "''")}');
end $f$; select ${maker}('x')`;
    },
  },
  {
    name: 'create policy',
    make: (c) => {
      const table = c.draw.maybe(relations(c, 'r', 'p').filter(({ persistence }) => persistence === 'p'));
      return table === undefined
        ? null
        : `create policy ${c.names.fresh('policy')} on ${ref(c, table)} ${c.draw.pick(['using (true)', 'as restrictive for select to alice using (true)', 'for insert to app, bob with check (true)', 'for all to current_user using (true) with check (current_user is not null)'])}`;
    },
  },
  {
    name: 'alter or drop policy',
    weight: 4,
    make: (c) => {
      const table = c.draw.maybe(relations(c, 'r', 'p').filter(({ policies }) => policies.length > 0));
      if (table === undefined) return null;
      const policy = c.draw.pick(table.policies);
      return c.draw.pick([
        `alter policy ${policy} on ${ref(c, table)} rename to ${c.names.fresh('policy')}`,
        `alter policy ${policy} on ${ref(c, table)} to public`,
        `drop policy ${policy} on ${ref(c, table)}`,
      ]);
    },
  },
  {
    name: 'row level security',
    make: (c) => {
      const table = c.draw.maybe(relations(c, 'r', 'p').filter(({ persistence }) => persistence === 'p'));
      return table === undefined
        ? null
        : `alter table ${ref(c, table)} ${c.draw.pick(table.rls ? ['disable row level security', 'no force row level security', 'force row level security'] : ['enable row level security', 'enable row level security', 'no force row level security'])}`;
    },
  },
];
