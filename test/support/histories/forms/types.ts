import { type Form, fresh, mine, ref, relations } from '../context.ts';
import { quoteLiteral } from '../../../../src/sql/quote.ts';

const LABELS = ['red', 'green', 'it\'s "blue"', 'UPPER', 'ünï', ' space '];

const types = (c: Parameters<Form['make']>[0], kind: string) =>
  c.world.types.filter((type) => type.kind === kind && mine(c, type));

export const TYPE_FORMS: readonly Form[] = [
  {
    name: 'create enum',
    weight: 3,
    make: (c) =>
      `create type ${fresh(c, 'enum')} as enum (${c.draw.some(LABELS, c.draw.int(1, 4)).map(quoteLiteral).join(', ')})`,
  },
  {
    name: 'add enum value',
    weight: 3,
    make: (c) => {
      const type = c.draw.maybe(types(c, 'e'));
      const place = c.draw.maybe(type?.labels ?? []);
      if (type === undefined || type.labels.length > 12) return null;
      return `alter type ${ref(c, type)} add value ${c.draw.clause(0.2, 'if not exists ')}'new ${c.draw.int(1, 99_999)}'${place === undefined ? '' : c.draw.pick(['', ` before ${quoteLiteral(place)}`, ` after ${quoteLiteral(place)}`])}`;
    },
  },
  {
    name: 'rename enum value',
    make: (c) => {
      const type = c.draw.maybe(types(c, 'e').filter(({ labels }) => labels.length > 0));
      return type === undefined
        ? null
        : `alter type ${ref(c, type)} rename value ${quoteLiteral(c.draw.pick(type.labels))} to 'renamed ${c.draw.int(1, 99_999)}'`;
    },
  },
  {
    name: 'create domain',
    weight: 3,
    make: (c) => {
      const [base, clause] = c.draw.pick([
        ['int', 'check (value > -100000)'],
        ['text', 'collate "C"'],
        ['text', `default 'd' constraint ${c.names.fresh('rule')} check (length(value) < 100)`],
        ['numeric(12,3)', ''],
        ['int[]', 'check (cardinality(value) < 10)'],
      ] as const);
      return `create domain ${fresh(c, 'domain')} as ${base} ${clause}`;
    },
  },
  {
    name: 'alter domain',
    make: (c) => {
      const domain = c.draw.maybe(types(c, 'd'));
      const constraint = c.draw.maybe(domain?.constraints ?? []);
      if (domain === undefined) return null;
      return `alter domain ${ref(c, domain)} ${c.draw.pick([
        'set default null',
        'drop default',
        `add constraint ${c.names.fresh('rule')} check (value is not null or true)${c.draw.clause(0.5, ' not valid')}`,
        ...(constraint === undefined
          ? []
          : [
              `drop constraint ${constraint}`,
              `rename constraint ${constraint} to ${c.names.fresh('rule')}`,
              `validate constraint ${constraint}`,
            ]),
      ])}`;
    },
  },
  {
    name: 'create composite type',
    weight: 3,
    make: (c) =>
      `create type ${fresh(c, 'composite')} as (${c.names.column([])} int, ${c.names.fresh('b')} text${c.draw.clause(0.3, ' collate "C"')})`,
  },
  {
    name: 'alter composite type',
    make: (c) => {
      const type = c.draw.maybe(types(c, 'c').filter(({ attributes }) => attributes.length > 0));
      if (type === undefined) return null;
      const attribute = c.draw.pick(type.attributes);
      return `alter type ${ref(c, type)} ${c.draw.pick([
        `add attribute ${c.names.fresh('attribute')} ${c.draw.pick(['int', 'text', 'date'])} cascade`,
        `rename attribute ${attribute} to ${c.names.fresh('attribute')} cascade`,
        `add attribute ${c.names.fresh('more')} int cascade, add attribute ${c.names.fresh('more')} text cascade`,
        ...(type.attributes.length > 1 ? [`drop attribute ${attribute} cascade`] : []),
        ...(type.used ? [] : [`alter attribute ${attribute} type text`]),
      ])}`;
    },
  },
  {
    name: 'rename, move or give away a type',
    make: (c) => {
      const type = c.draw.maybe(c.world.types.filter((each) => mine(c, each)));
      if (type === undefined) return null;
      return `alter ${type.kind === 'd' ? 'domain' : 'type'} ${ref(c, type)} ${c.draw.pick([`rename to ${c.names.fresh('type')}`, `set schema ${c.draw.pick(c.open)}`, c.role === 'superuser' || c.role === 'app' ? 'owner to app' : `rename to ${c.names.fresh('type')}`])}`;
    },
  },
  {
    name: 'drop type',
    make: (c) => {
      const type = c.draw.maybe(c.world.types.filter((each) => mine(c, each)));
      return type === undefined ? null : `drop ${type.kind === 'd' ? 'domain' : 'type'} ${ref(c, type)} cascade`;
    },
  },
  {
    name: 'create sequence',
    weight: 3,
    make: (c) =>
      `create sequence ${fresh(c, 'sequence')}${c.draw.pick(['', ' as smallint', ' increment by -2 maxvalue 100 start 50 cycle', ' cache 20 minvalue 5'])}`,
  },
  {
    name: 'alter sequence',
    weight: 6,
    make: (c) => {
      const sequence = c.draw.maybe(
        relations(c, 'S').filter(({ persistence, ownedSequence }) => persistence === 'p' && !ownedSequence),
      );
      const table = c.draw.maybe(
        relations(c, 'r').filter(
          ({ columns, schema, owner }) => columns.length > 0 && schema === sequence?.schema && owner === sequence.owner,
        ),
      );
      if (sequence === undefined) return null;
      return `alter sequence ${ref(c, sequence)} ${c.draw.pick(['restart', 'increment by 3', 'cycle', `rename to ${c.names.fresh('sequence')}`, `set schema ${c.draw.pick(c.open)}`, 'owned by none', ...(table === undefined ? [] : [`owned by ${table.sql}.${table.columns[0]?.name ?? ''}`])])}`;
    },
  },
  {
    name: 'drop sequence',
    make: (c) => {
      const sequence = c.draw.maybe(
        relations(c, 'S').filter(({ persistence, ownedSequence }) => persistence === 'p' && !ownedSequence),
      );
      return sequence === undefined ? null : `drop sequence ${ref(c, sequence)} cascade`;
    },
  },
  {
    name: 'sequence as default',
    weight: 4,
    make: (c) => {
      const sequence = c.draw.maybe(
        relations(c, 'S').filter(({ persistence, ownedSequence }) => persistence === 'p' && !ownedSequence),
      );
      const table = c.draw.maybe(
        relations(c, 'r').filter(({ partition, ofType, persistence }) => !partition && !ofType && persistence === 'p'),
      );
      return sequence === undefined || table === undefined
        ? null
        : `alter table ${ref(c, table)} add column ${c.names.fresh('seq')} bigint default nextval(${quoteLiteral(sequence.sql)})`;
    },
  },
];
