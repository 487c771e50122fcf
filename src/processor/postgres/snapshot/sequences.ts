import type { SqlSession } from '../../../postgres/sql-session.ts';
import type { SequenceValue } from '../../../wal/snapshot.ts';

/** Sequences a statement. */
const PAGE = 1_000;

/**
 * Sets what differs, of the sequences that are here and whose bounds, which a change on its way may move, hold the value. One that was never
 * used shows no last value: it is left alone while its value is the start.
 */
const SET = `
select count(pg_catalog.setval(c.oid, v.value, v.called)) as done
from json_to_recordset($1::json) as v (schema text, name text, value bigint, called boolean)
  join pg_namespace n on n.nspname = v.schema join pg_class c on c.relnamespace = n.oid and c.relname = v.name and c.relkind = 'S'
  join pg_sequence s on s.seqrelid = c.oid
where v.value between s.seqmin and s.seqmax
  and case when v.called then pg_sequence_last_value(c.oid) is distinct from v.value
           else pg_sequence_last_value(c.oid) is not null or v.value <> s.seqstart end`;

export async function setSequences(session: SqlSession, values: readonly SequenceValue[]): Promise<void> {
  for (let from = 0; from < values.length; from += PAGE) {
    const page = values.slice(from, from + PAGE);
    const list = page.map(({ schema, name, lastValue, isCalled }) =>
      JSON.stringify({ schema, name, value: lastValue, called: isCalled }),
    );
    await session.query(SET, [`[${list.join(',')}]`]);
  }
}
