import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { Decoder } from '../../src/decode/decoder.ts';
import { CopyRows, type TakeRow } from '../../src/documents/rows/copy-rows.ts';
import type { DocumentCodec } from '../../src/documents/rows/document-codec.ts';
import { GrowingBuffer } from '../../src/postgres/growing-buffer.ts';
import { READING_OPTIONS } from '../../src/postgres/pinned-settings.ts';
import { EVENT } from '../../src/wal/event-batch.ts';
import type { TestDatabase } from './test-database.ts';
import { textClient } from './text-client.ts';

/** A session that prints values as those of the stream and of a copy do. */
export async function readingClient(database: TestDatabase): Promise<pg.Client> {
  const url = new URL(database.url());
  url.searchParams.set('options', READING_OPTIONS);
  const client = textClient(url.href);
  await client.connect();
  return client;
}

/** The documents of a table's rows, as a copy of it makes them. */
export async function copiedDocuments(
  client: pg.Client,
  table: string,
  codec: DocumentCodec,
  columns: number,
): Promise<string[]> {
  const documents: string[] = [];
  const rows = new CopyRows(columns, taking(codec, documents));
  for await (const chunk of client.query(copyTo(`copy ${table} to stdout`)) as AsyncIterable<Buffer>) {
    const header = Buffer.alloc(5);
    header[0] = 0x64;
    header.writeInt32BE(chunk.length + 4, 1);
    rows.feed(Buffer.concat([header, chunk]));
  }
  return documents;
}

/** The documents of the rows that were inserted since the slot was made, as the stream brings them. */
export async function streamedDocuments(
  client: pg.Client,
  slot: string,
  publication: string,
  codec: DocumentCodec,
): Promise<string[]> {
  const documents: string[] = [];
  const take = taking(codec, documents);
  const decoder = new Decoder({
    batch: (batch) => {
      for (let i = 0; i < batch.count; i++) {
        if (batch.kind(i) === EVENT.insert) take(batch.bytes, batch.fields, batch.newAt[i] ?? 0);
      }
      batch.release();
    },
    message: () => null,
  });
  const { rows } = await client.query<{ data: string }>(
    `select encode(data, 'hex') as data
     from pg_logical_slot_peek_binary_changes($1, null, null, 'proto_version', '1', 'publication_names', $2)`,
    [slot, publication],
  );
  for (const { data } of rows) decoder.append(Buffer.concat([Buffer.alloc(25), Buffer.from(data, 'hex')]));
  decoder.seal();
  return documents;
}

function taking(codec: DocumentCodec, documents: string[]): TakeRow {
  const out = new GrowingBuffer(64);
  return (bytes, fields, at) => {
    out.clear();
    codec.write(bytes, fields, at, out);
    documents.push(out.bytes.toString('utf8', 0, out.length));
  };
}
