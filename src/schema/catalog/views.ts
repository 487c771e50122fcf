import { readColumnDetails } from './columns.ts';
import { type CatalogObject, keyOf, listed, ownerStatement, part, type Row, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { collate, ownerName, relOptions, USER_RELATION } from './sql-parts.ts';

const VIEWS = `select c.oid, r.oid as rule, r.ev_enabled as enabled, n.nspname || '.' || c.relname as name, format('%I.%I', n.nspname, c.relname) as id, ${ownerName('c.relowner')} as owner,
    c.relkind as kind, pg_get_viewdef(c.oid) as definition, ${relOptions('c.reloptions')} as options,
    (select ${relOptions('tt.reloptions', 'toast.')} from pg_class tt where tt.oid = c.reltoastrelid) as toast_options,
    (select quote_ident(ts.spcname) from pg_tablespace ts where ts.oid = c.reltablespace) as tablespace,
    (select quote_ident(am.amname) from pg_am am where am.oid = c.relam and am.amname <> 'heap') as method,
    (select string_agg(format('NULL::%s', format_type(a.atttypid, a.atttypmod)) || ${collate('a.attcollation', 't.typcollation')} || ' AS ' || quote_ident(a.attname), ', ' order by a.attnum)
      from pg_attribute a join pg_type t on t.oid = a.atttypid where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_rewrite r on r.ev_class = c.oid and r.rulename = '_RETURN'
  where c.relkind in ('v', 'm') and ${USER_RELATION}`;

/** Views, and materialized views without their rows. */
export async function readViews(reader: CatalogReader): Promise<CatalogObject[]> {
  const details = await readColumnDetails(reader);
  return (await rowsOf(reader, VIEWS)).map((row) => {
    const key = keyOf('pg_class', text(row, 'oid'));
    reader.dependencies.alias(keyOf('pg_rewrite', text(row, 'rule')), key);
    const common = {
      key,
      kind: 'view',
      name: text(row, 'name'),
      section: 'pre-data',
      relation: Number(text(row, 'oid')),
    } as const;
    const id = text(row, 'id');
    if (row['kind'] === 'v') {
      const create = (head: string): string => `${head} ${id}${part(' WITH (', row['options'], ')')} AS ${query(row)}`;
      return {
        ...common,
        statements: [
          { tag: 'CREATE VIEW', text: create('CREATE VIEW') },
          ownerStatement('VIEW', id, text(row, 'owner')),
        ],
        address: `VIEW ${id}`,
        stub: {
          enoughFor: 'everything',
          statements: [{ tag: 'CREATE VIEW', text: `CREATE VIEW ${id} AS SELECT${part(' ', row['columns'])}` }],
          completion: [{ tag: 'CREATE VIEW', text: create('CREATE OR REPLACE VIEW') }],
          needs: reader.dependencies.direct(key),
        },
      };
    }
    const options = listed(row, 'options', 'toast_options');
    const storage = `${part(' USING ', row['method'])}${part(' WITH (', options, ')')}${part(' TABLESPACE ', row['tablespace'])}`;
    return {
      ...common,
      statements: [
        {
          tag: 'CREATE MATERIALIZED VIEW',
          text: `CREATE MATERIALIZED VIEW ${id}${storage} AS ${query(row)} WITH NO DATA`,
        },
        ownerStatement('MATERIALIZED VIEW', id, text(row, 'owner')),
        ...(details.get(text(row, 'oid')) ?? []),
      ],
      address: `MATERIALIZED VIEW ${id}`,
      movable: true,
    };
  });
}

function query(row: Row): string {
  return text(row, 'definition').trim().replace(/;$/, '');
}
