import { WalcastError } from '../../../errors/walcast-error.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import { quoteIdentifier, quoteQualified } from '../../../sql/quote.ts';
import type { Relation } from '../../../wal/relation.ts';

/** Types below it have the same oid on every server. */
const FIRST_USER_OID = 16384;

const TYPE_NAMES = `select format_type(t.oid, t.typmod) as type
  from rows from (json_to_recordset($1::json) as (oid oid, typmod int)) with ordinality as t(oid, typmod, n) order by t.n`;

/**
 * A table that rows came for and no event announced, e.g. made by EXPLAIN ANALYZE CREATE TABLE AS, built from its Relation message: names,
 * types and key, nothing else is known. Its owner follows with the first event that mentions it.
 */
export async function createGapTable(relation: Relation, session: SqlSession): Promise<string> {
  const name = `${relation.schema}.${relation.name}`;
  const foreign = relation.columns.find(({ typeOid }) => typeOid >= FIRST_USER_OID);
  if (foreign !== undefined) {
    throw new WalcastError(
      'E_TARGET_TABLE_MISSING',
      `Rows came for ${name}, which no captured statement made; the type of its column ${foreign.name} is not built in, so it cannot be made from them.`,
      { fields: { table: name, column: foreign.name } },
    );
  }
  const wanted = relation.columns.map(({ typeOid, typmod }) => ({ oid: typeOid, typmod: typmod | 0 }));
  const { rows } = await session.query(TYPE_NAMES, [JSON.stringify(wanted)]);
  const columns = relation.columns.map((column, i) => `${quoteIdentifier(column.name)} ${rows[i]?.['type'] ?? ''}`);
  const key = relation.columns.filter((column) => column.key).map((column) => quoteIdentifier(column.name));
  if (relation.replicaIdentity === 'd' && key.length > 0) columns.push(`primary key (${key.join(', ')})`);
  const sql = `create table ${quoteQualified(relation.schema, relation.name)} (${columns.join(', ')})`;
  await session.execute(sql);
  return sql;
}
