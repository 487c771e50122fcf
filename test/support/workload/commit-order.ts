import type pg from 'pg';
import { rowsOf } from '../text-client.ts';
import type { LogEntry } from './prefix.ts';

const SLOT = 'order_of_commits';
const PUBLICATION = 'order_of_commits';

/** From here on the source remembers in which order the transactions committed that write to the log. */
export async function recordCommitOrder(client: pg.Client): Promise<void> {
  await client.query(`create publication ${PUBLICATION} for table commit_log with (publish = 'insert')`);
  await client.query(`select pg_create_logical_replication_slot('${SLOT}', 'pgoutput')`);
}

/** Read by the server's own functions: none of the code under test is involved. */
export async function commitOrder(client: pg.Client): Promise<LogEntry[]> {
  const rows = rowsOf(
    await client.query(`select encode(data, 'hex') as data from pg_logical_slot_peek_binary_changes(
      '${SLOT}', null, null, 'proto_version', '1', 'publication_names', '${PUBLICATION}')
      where get_byte(data, 0) = ascii('I')`),
  );
  return rows.map(({ data }) => parseInsert(Buffer.from(data ?? '', 'hex')));
}

/** The text values of an Insert message: https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html */
export function parseInsert(message: Buffer): LogEntry {
  const values: (string | null)[] = [];
  const count = message.readInt16BE(6); // I, oid, N
  let at = 8;
  for (let i = 0; i < count; i++) {
    if (message[at++] === 0x6e) {
      values.push(null);
      continue;
    }
    const length = message.readInt32BE(at);
    values.push(message.toString('utf8', at + 4, at + 4 + length));
    at += 4 + length;
  }
  const [writer, n, ticket = null, digest = null] = values;
  return { writer: Number(writer), n: Number(n), ticket: ticket === null ? null : Number(ticket), digest };
}
