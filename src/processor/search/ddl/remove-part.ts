import type { Lsn } from '../../../wal/lsn.ts';
import { GrowingBuffer } from '../../../postgres/growing-buffer.ts';
import type { BulkWriter } from '../bulk/index.ts';
import type { IndexAdmin } from '../tables/index-admin.ts';
import { PART } from '../tables/index-definition.ts';
import { writeAlias, type SearchTable } from '../tables/search-table.ts';

export interface PartContext {
  readonly admin: IndexAdmin;
  readonly writer: BulkWriter;
}

/**
 * Deletes the documents of one partition, from what is in use and from what is being filled. By operations with a version, not by a query:
 * what a query deletes would refuse a row of the same transaction that comes again.
 */
export async function removePart(
  { admin, writer }: PartContext,
  table: SearchTable,
  oid: number,
  version: Lsn,
): Promise<void> {
  const routing = new GrowingBuffer(256);
  await writer.drained();
  writer.version(version);
  for (const part of [table.live, table.next]) {
    if (part === null) continue;
    const target = writer.target(writeAlias(part.index), { label: table.name, requireAlias: true });
    await admin.each(part.index, { term: { [PART]: String(oid) } }, async (hits) => {
      for (const { _id: id, _routing: route } of hits) {
        writer.id.clear();
        writer.id.text(id);
        routing.clear();
        if (route !== undefined) routing.text(route);
        writer.begin('delete', target, route === undefined ? undefined : routing);
        writer.end();
        if (writer.congested) await writer.relieved();
      }
    });
    await writer.drained();
  }
}
