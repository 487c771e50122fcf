import { type CatalogObject, keyOf, part, type Row, text, groupedBy } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { FIRST_USER_OID, noMember, ownerName, USER_SCHEMA } from './sql-parts.ts';

const FAMILIES = `select f.oid, n.nspname || '.' || f.opfname as name, format('%I.%I', n.nspname, f.opfname) as id, quote_ident(m.amname) as method,
    ${ownerName('f.opfowner')} as owner
  from pg_opfamily f join pg_namespace n on n.oid = f.opfnamespace join pg_am m on m.oid = f.opfmethod
  where `;

const OWN_FAMILIES = `${FAMILIES} ${USER_SCHEMA} and ${noMember('pg_opfamily', 'f.oid')}`;

/** What an extension adds to a family of the system is known by what it consists of. */
const ofExtension = (
  catalog: string,
): string => `exists (select from pg_depend d join pg_depend member on member.classid = d.refclassid and member.objid = d.refobjid and member.deptype = 'e'
    where d.classid = '${catalog}'::regclass and d.objid = a.oid)`;

/** Loose members may be added to the system's families too; what is in those of extensions counts as theirs. */
const ENLARGED_FAMILIES = `${FAMILIES} f.oid in (select a.amopfamily from pg_amop a where a.oid >= ${FIRST_USER_OID} union select a.amprocfamily from pg_amproc a where a.oid >= ${FIRST_USER_OID})
    and ${noMember('pg_opfamily', 'f.oid')}`;

const CLASSES = `select c.oid, n.nspname || '.' || c.opcname as name, format('%I.%I', n.nspname, c.opcname) as id, quote_ident(m.amname) as method,
    ${ownerName('c.opcowner')} as owner, c.opcfamily as family, format('%I.%I', fn.nspname, f.opfname) as family_id, c.opcdefault as standard,
    format_type(c.opcintype, null) as input, case when c.opckeytype not in (0, c.opcintype) then format_type(c.opckeytype, null) end as key_type
  from pg_opclass c join pg_namespace n on n.oid = c.opcnamespace join pg_am m on m.oid = c.opcmethod
    join pg_opfamily f on f.oid = c.opcfamily join pg_namespace fn on fn.oid = f.opfnamespace
  where ${USER_SCHEMA} and ${noMember('pg_opclass', 'c.oid')}`;

/** What belongs to a class hangs on it internally; everything else is loose in its family. */
const belongsTo = (catalog: string, oid: string): string => `(select d.refobjid from pg_depend d
  where d.classid = '${catalog}'::regclass and d.objid = ${oid} and d.refclassid = 'pg_opclass'::regclass and d.deptype = 'i' limit 1)`;

const OPERATORS = `select a.amopfamily as family, ${belongsTo('pg_amop', 'a.oid')} as class, format('OPERATOR %s %s', a.amopstrategy, a.amopopr::regoperator)
    || coalesce((select format(' FOR ORDER BY %I.%I', fn.nspname, f.opfname) from pg_opfamily f join pg_namespace fn on fn.oid = f.opfnamespace
      where f.oid = a.amopsortfamily), '') as item
  from pg_amop a where a.oid >= ${FIRST_USER_OID} and (a.amopfamily >= ${FIRST_USER_OID} or not ${ofExtension('pg_amop')} or ${belongsTo('pg_amop', 'a.oid')} is not null)
  order by a.amopfamily, a.amopstrategy, a.amopopr`;

const FUNCTIONS = `select a.amprocfamily as family, ${belongsTo('pg_amproc', 'a.oid')} as class,
    format('FUNCTION %s (%s, %s) %s', a.amprocnum, format_type(a.amproclefttype, null), format_type(a.amprocrighttype, null), a.amproc::regprocedure) as item
  from pg_amproc a where a.oid >= ${FIRST_USER_OID} and (a.amprocfamily >= ${FIRST_USER_OID} or not ${ofExtension('pg_amproc')} or ${belongsTo('pg_amproc', 'a.oid')} is not null)
  order by a.amprocfamily, a.amprocnum, a.amproc`;

export async function readOperatorClasses(reader: CatalogReader): Promise<CatalogObject[]> {
  const items = [...(await rowsOf(reader, OPERATORS)), ...(await rowsOf(reader, FUNCTIONS))];
  const ofClass = groupedBy(
    items.filter((row) => row['class'] !== null),
    'class',
  );
  const ofFamily = groupedBy(
    items.filter((row) => row['class'] === null),
    'family',
  );
  const families = await rowsOf(reader, OWN_FAMILIES);
  const enlarged = await rowsOf(reader, ENLARGED_FAMILIES);
  const classes = await rowsOf(reader, CLASSES);
  return [
    ...families.map((row) => {
      const create = `CREATE OPERATOR FAMILY ${text(row, 'id')} USING ${text(row, 'method')}`;
      return described('OPERATOR FAMILY', 'pg_opfamily', row, create);
    }),
    ...enlarged.flatMap((row) => looseMembers(row, ofFamily.get(text(row, 'oid')) ?? [], reader)),
    ...classes.map((row) => {
      const parts = (ofClass.get(text(row, 'oid')) ?? []).map((item) => text(item, 'item'));
      if (row['key_type'] !== null || parts.length === 0)
        parts.push(`STORAGE ${row['key_type'] ?? text(row, 'input')}`);
      const create = `CREATE OPERATOR CLASS ${text(row, 'id')}${row['standard'] === 't' ? ' DEFAULT' : ''} FOR TYPE ${text(row, 'input')} USING ${text(
        row,
        'method',
      )} FAMILY ${text(row, 'family_id')} AS ${parts.join(', ')}`;
      return described('OPERATOR CLASS', 'pg_opclass', row, create);
    }),
  ];
}

function described(
  word: 'OPERATOR FAMILY' | 'OPERATOR CLASS',
  catalog: string,
  row: Row,
  create: string,
): CatalogObject {
  const address = `${word} ${text(row, 'id')} USING ${text(row, 'method')}`;
  return {
    key: keyOf(catalog, text(row, 'oid')),
    kind: word === 'OPERATOR CLASS' ? 'operator class' : 'operator family',
    name: text(row, 'name') + part(' ', row['method']),
    section: 'pre-data',
    statements: [
      { tag: `CREATE ${word}`, text: create },
      { tag: `ALTER ${word}`, text: `ALTER ${address} OWNER TO ${text(row, 'owner')}` },
    ],
    address,
  };
}

/** Operators across types, which come after the classes of both. */
function looseMembers(row: Row, items: readonly Row[], { dependencies }: CatalogReader): CatalogObject[] {
  if (items.length === 0) return [];
  const list = items.map((item) => text(item, 'item')).join(', ');
  const key = keyOf('pg_opfamily', text(row, 'oid'));
  const add = `ALTER OPERATOR FAMILY ${text(row, 'id')} USING ${text(row, 'method')} ADD ${list}`;
  return [
    {
      key: `${key}#members`,
      kind: 'operator class',
      name: `${text(row, 'name')} members`,
      section: 'pre-data',
      statements: [{ tag: 'ALTER OPERATOR FAMILY', text: add }],
      requires: [dependencies.resolve(key), ...dependencies.of(key)],
    },
  ];
}
