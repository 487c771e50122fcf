import { expect, it } from 'vitest';
import { PostgresError } from '../../postgres/postgres-error.ts';
import { EVENT, EventBatch } from '../../wal/event-batch.ts';
import { oid } from '../../wal/ids.ts';
import type { Relation } from '../../wal/relation.ts';
import { pipelineError } from './apply-error.ts';

const refused = new PostgresError(
  new Map([
    ['C', '40P01'],
    ['M', 'deadlock detected'],
  ]),
);

function failureOf(value: Buffer, binary: boolean): string {
  const batch = new EventBatch(64, 4, 4);
  value.copy(batch.bytes);
  batch.kinds[0] = EVENT.insert;
  batch.oldAt[0] = -1;
  batch.fields[1] = value.length;
  batch.count = 1;
  const relation: Relation = {
    oid: oid(7),
    schema: 'public',
    name: 't',
    replicaIdentity: 'd',
    columns: [{ name: 'id', typeOid: oid(23), typmod: -1, key: true }],
    ...(binary ? { binary } : {}),
  };
  return pipelineError({ error: refused, batch, event: 0, hit: null }, 'replica', () => relation).message;
}

it('tells a key as its text, and one in binary form as bytes with the type', () => {
  expect(failureOf(Buffer.from('12'), false)).toContain('(id = 12)');
  expect(failureOf(Buffer.from([0, 0, 0, 12]), true)).toContain('(id = \\x0000000c of type 23)');
});
