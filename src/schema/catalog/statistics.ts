import { type CatalogObject, keyOf, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { noMember, ownerName, USER_SCHEMA } from './sql-parts.ts';

const STATISTICS = `select s.oid, n.nspname || '.' || s.stxname as name, format('%I.%I', n.nspname, s.stxname) as id, ${ownerName('s.stxowner')} as owner,
    s.stxrelid as table, pg_get_statisticsobjdef(s.oid) as definition, case when s.stxstattarget >= 0 then s.stxstattarget end as target
  from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace where ${USER_SCHEMA} and ${noMember('pg_statistic_ext', 's.oid')}`;

export async function readStatistics(reader: CatalogReader): Promise<CatalogObject[]> {
  return (await rowsOf(reader, STATISTICS)).map((row) => {
    const address = `STATISTICS ${text(row, 'id')}`;
    const { target = null } = row;
    const tag = 'ALTER STATISTICS';
    return {
      key: keyOf('pg_statistic_ext', text(row, 'oid')),
      kind: 'statistics',
      name: text(row, 'name'),
      section: 'post-data',
      statements: [
        { tag: 'CREATE STATISTICS', text: text(row, 'definition') },
        { tag, text: `ALTER ${address} OWNER TO ${text(row, 'owner')}` },
        ...(target === null ? [] : [{ tag, text: `ALTER ${address} SET STATISTICS ${target}` }]),
      ],
      address,
      relation: Number(text(row, 'table')),
      requires: [keyOf('pg_class', text(row, 'table'))],
    };
  });
}
