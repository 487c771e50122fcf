import { type CatalogObject, keyOf, part, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { noMember, ownerName, USER_SCHEMA } from './sql-parts.ts';

const other = (column: string): string => `(select format('OPERATOR(%I.%s)', xn.nspname, x.oprname) from pg_operator x
  join pg_namespace xn on xn.oid = x.oprnamespace where x.oid = o.${column})`;

/** Those of which only the name is known, as a commutator or negator that nobody made, cannot be called and are left out. */
const OPERATORS = `select o.oid, n.nspname || '.' || o.oprname || '(' || o.oprleft || ',' || o.oprright || ')' as name,
    format('%I.%s', n.nspname, o.oprname) as id, ${ownerName('o.oprowner')} as owner, o.oprcode::regproc::text as function,
    case when o.oprleft <> 0 then format_type(o.oprleft, null) end as left, case when o.oprright <> 0 then format_type(o.oprright, null) end as right,
    ${other('oprcom')} as commutator, ${other('oprnegate')} as negator, nullif(o.oprrest::oid, 0)::regproc::text as restrict,
    nullif(o.oprjoin::oid, 0)::regproc::text as join, o.oprcanhash as hashes, o.oprcanmerge as merges
  from pg_operator o join pg_namespace n on n.oid = o.oprnamespace
  where o.oprcode <> 0 and ${USER_SCHEMA} and ${noMember('pg_operator', 'o.oid')}`;

export async function readOperators(reader: CatalogReader): Promise<CatalogObject[]> {
  return (await rowsOf(reader, OPERATORS)).map((row) => {
    const { left, right } = row;
    const id = text(row, 'id');
    const address = `OPERATOR ${id} (${left ?? 'NONE'}, ${right ?? 'NONE'})`;
    const definition = [
      `FUNCTION = ${text(row, 'function')}`,
      part('LEFTARG = ', left),
      part('RIGHTARG = ', right),
      part('COMMUTATOR = ', row['commutator']),
      part('NEGATOR = ', row['negator']),
      part('RESTRICT = ', row['restrict']),
      part('JOIN = ', row['join']),
      row['hashes'] === 't' ? 'HASHES' : '',
      row['merges'] === 't' ? 'MERGES' : '',
    ];
    return {
      key: keyOf('pg_operator', text(row, 'oid')),
      kind: 'operator',
      name: text(row, 'name'),
      section: 'pre-data',
      statements: [
        {
          tag: 'CREATE OPERATOR',
          text: `CREATE OPERATOR ${id} (${definition.filter((entry) => entry !== '').join(', ')})`,
        },
        { tag: 'ALTER OPERATOR', text: `ALTER ${address} OWNER TO ${text(row, 'owner')}` },
      ],
      address,
    };
  });
}
