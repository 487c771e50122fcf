import { type Form, mine, PLAIN_ROLES, ref, relations } from '../context.ts';

const KINDS: Readonly<Record<string, string>> = {
  r: 'table',
  p: 'table',
  v: 'view',
  m: 'materialized view',
  S: 'sequence',
};

export const RIGHTS_FORMS: readonly Form[] = [
  {
    name: 'grant on a relation',
    weight: 3,
    make: (c) => {
      const relation = c.draw.maybe(relations(c, 'r', 'p', 'v', 'm', 'S'));
      if (relation === undefined) return null;
      const right =
        relation.kind === 'S'
          ? c.draw.pick(['usage', 'select, update'])
          : c.draw.pick(['all', 'select', 'insert, update', 'select, references, trigger']);
      return `grant ${right} on ${relation.kind === 'S' ? 'sequence ' : ''}${ref(c, relation)} to ${c.draw.pick([...PLAIN_ROLES, 'public', 'alice, bob'])}${c.draw.clause(0, '')}`;
    },
  },
  {
    name: 'grant on columns',
    make: (c) => {
      const table = c.draw.maybe(relations(c, 'r', 'p', 'v').filter(({ columns }) => columns.length > 0));
      return table === undefined
        ? null
        : `grant select (${c.draw
            .some(table.columns, 2)
            .map(({ name }) => name)
            .join(
              ', ',
            )}), update (${c.draw.pick(table.columns).name}) on ${ref(c, table)} to ${c.draw.pick(PLAIN_ROLES)}${c.draw.clause(0.3, ' with grant option')}`;
    },
  },
  {
    name: 'revoke',
    make: (c) => {
      const relation = c.draw.maybe(relations(c, 'r', 'p', 'v', 'm'));
      return relation === undefined
        ? null
        : `revoke ${c.draw.clause(0.2, 'grant option for ')}${c.draw.pick(['all', 'select', 'update, delete'])} on ${ref(c, relation)} from ${c.draw.pick(['public', 'alice', 'bob'])} cascade`;
    },
  },
  {
    name: 'grant on all tables in schema',
    make: (c) =>
      c.role === 'superuser'
        ? `grant select on all ${c.draw.pick(['tables', 'sequences'])} in schema ${c.draw.pick(c.open)} to ${c.draw.pick(PLAIN_ROLES)}`
        : null,
  },
  {
    name: 'grant on a function or type',
    make: (c) => {
      const routine = c.draw.maybe(c.world.routines.filter((each) => mine(c, each)));
      const type = c.draw.maybe(c.world.types.filter((each) => mine(c, each) && each.kind !== 'c'));
      const choices = [
        ...(routine === undefined
          ? []
          : [`${routine.kind === 'p' ? 'procedure' : 'function'} ${ref(c, routine)}(${routine.args})`]),
        ...(type === undefined ? [] : [`${type.kind === 'd' ? 'domain' : 'type'} ${ref(c, type)}`]),
      ];
      const object = c.draw.maybe(choices);
      return object === undefined ? null : `grant all on ${object} to ${c.draw.pick(PLAIN_ROLES)}`;
    },
  },
  {
    name: 'alter default privileges',
    make: (c) => {
      const schema = c.draw.maybe(c.world.schemas);
      return schema === undefined
        ? null
        : `alter default privileges in schema ${schema.name} ${c.draw.pick(['grant select on tables to bob', 'grant usage on sequences to alice', 'grant execute on functions to bob', 'revoke select on tables from bob', 'grant usage on types to alice'])}`;
    },
  },
  {
    name: 'comment',
    weight: 3,
    make: (c) => {
      const relation = c.draw.maybe(relations(c, 'r', 'p', 'v', 'm', 'S'));
      if (relation === undefined) return null;
      const text = c.draw.pick([
        `'it''s; a "comment"'`,
        `E'line\\nbreak \\\\'`,
        '$x$ünï $y$ $x$',
        'null',
        `U&'d\\0061t'`,
      ]);
      const column = c.draw.maybe(relation.columns);
      const constraint = c.draw.maybe(relation.constraints);
      const index = c.draw.maybe(relation.indexes);
      return `comment on ${c.draw.pick([
        `${KINDS[relation.kind] ?? 'table'} ${ref(c, relation)}`,
        ...(column === undefined || relation.kind === 'S' ? [] : [`column ${ref(c, relation)}.${column.name}`]),
        ...(constraint === undefined ? [] : [`constraint ${constraint.name} on ${ref(c, relation)}`]),
        ...(index === undefined ? [] : [`index ${relation.schema}.${index.name}`]),
      ])} is ${text}`;
    },
  },
  {
    name: 'comment on others',
    make: (c) => {
      const routine = c.draw.maybe(c.world.routines.filter((each) => mine(c, each)));
      const type = c.draw.maybe(c.world.types.filter((each) => mine(c, each)));
      const schema = c.draw.maybe(c.world.schemas.filter((each) => mine(c, each)));
      const choices = [
        ...(routine === undefined
          ? []
          : [`${routine.kind === 'p' ? 'procedure' : 'function'} ${ref(c, routine)}(${routine.args})`]),
        ...(type === undefined ? [] : [`${type.kind === 'd' ? 'domain' : 'type'} ${ref(c, type)}`]),
        ...(schema === undefined ? [] : [`schema ${schema.name}`]),
      ];
      const object = c.draw.maybe(choices);
      return object === undefined ? null : `comment on ${object} is 'of ${c.draw.int(1, 999)}'`;
    },
  },
];
