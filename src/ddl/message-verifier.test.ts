import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { DdlMessageVerifier } from './message-verifier.ts';

const SECRET = Buffer.alloc(32, 7);
const DATABASE = 16_384;

function message(fields: object, { secret = SECRET, database = DATABASE, xid = 700 } = {}): Buffer {
  const payload = JSON.stringify({ v: 1, kind: 'ddl', at: '0/10', ...fields });
  const mac = createHmac('sha256', secret).update(['walcast', database, xid, payload].join('\n')).digest('hex');
  return Buffer.from(`{"mac":"${mac}",${payload.slice(1)}`);
}

function verifier(): DdlMessageVerifier {
  const made = new DdlMessageVerifier({ secret: SECRET, databaseOid: DATABASE });
  made.begin(700);
  return made;
}

test('takes a message of our triggers', () => {
  const ours = verifier();
  expect(ours.verify(message({ tag: 'CREATE TABLE' }))).toMatchObject({ tag: 'CREATE TABLE', v: 1 });
  expect(ours.forged).toBe(0);
});

test.each([
  ['another key', message({}, { secret: Buffer.alloc(32, 8) })],
  ['another transaction', message({}, { xid: 701 })],
  ['another database', message({}, { database: 5 })],
  ['no MAC', Buffer.from('{"v":1,"kind":"ddl","at":"0/10"}')],
  ['a MAC of zeros', Buffer.from(`{"mac":"${'0'.repeat(64)}","v":1}`)],
  ['a changed payload', Buffer.from(message({ tag: 'A' }).toString().replace('"A"', '"B"'))],
  ['not JSON', Buffer.from('x')],
  ['nothing', Buffer.alloc(0)],
])('counts and ignores a message with %s', (_, content) => {
  const ours = verifier();
  expect(ours.verify(content)).toBeNull();
  expect(ours.forged).toBe(1);
});

test('refuses a copy within its own transaction, but not the first message of the next', () => {
  const ours = verifier();
  expect(ours.verify(message({ at: '0/FF' }))).not.toBeNull();
  expect(ours.verify(message({ at: '0/FF' }))).toBeNull();
  expect(ours.verify(message({ at: '0/FE' }))).toBeNull();
  expect(ours.verify(message({ at: '1/0' }))).not.toBeNull();
  ours.begin(701);
  expect(ours.verify(message({ at: '0/1' }, { xid: 701 }))).not.toBeNull();
});

test('stops at a version or kind that it does not know', () => {
  expect(verifier().verify(message({ v: 2 }))).not.toBeNull();
  expect(() => verifier().verify(message({ v: 3 }))).toThrow(
    expect.objectContaining({ code: 'E_DDL_MESSAGE_VERSION' }),
  );
  expect(() => verifier().verify(message({ kind: 'new' }))).toThrow(
    expect.objectContaining({ code: 'E_DDL_MESSAGE_VERSION' }),
  );
});
