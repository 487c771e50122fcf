import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { lsn } from '../wal/lsn.ts';
import { parseSnapshot } from '../wal/visibility.ts';
import { DdlMessageVerifier } from './message-verifier.ts';

const SECRET = Buffer.alloc(32, 7);
const DATABASE = 16_384;
const HERE = lsn(0x100n);

function message(fields: object, { secret = SECRET, database = DATABASE, xid = 700 } = {}): Buffer {
  const payload = JSON.stringify({ v: 1, kind: 'ddl', at: '0/10', ...fields });
  const mac = createHmac('sha256', secret).update(['walcast', database, xid, payload].join('\n')).digest('hex');
  return Buffer.from(`{"mac":"${mac}",${payload.slice(1)}`);
}

function verifier(): DdlMessageVerifier {
  return verifierWith({ generation: 1, secret: SECRET, retired: null });
}

function verifierWith(...keys: ConstructorParameters<typeof DdlMessageVerifier>[0]['keys']): DdlMessageVerifier {
  const made = new DdlMessageVerifier({ keys, keysReadAt: parseSnapshot('700:700:'), databaseOid: DATABASE });
  made.begin(700);
  return made;
}

test('takes a message of our triggers', () => {
  const ours = verifier();
  expect(ours.verify(message({ tag: 'CREATE TABLE' }), HERE)).toMatchObject({ tag: 'CREATE TABLE', v: 1 });
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
  expect(ours.verify(content, HERE)).toBeNull();
  expect(ours.forged).toBe(1);
});

test('refuses a copy within its own transaction, but not the first message of the next', () => {
  const ours = verifier();
  expect(ours.verify(message({ at: '0/FF' }), HERE)).not.toBeNull();
  expect(ours.verify(message({ at: '0/FF' }), HERE)).toBeNull();
  expect(ours.verify(message({ at: '0/FE' }), HERE)).toBeNull();
  expect(ours.verify(message({ at: '1/0' }), HERE)).not.toBeNull();
  ours.begin(701);
  expect(ours.verify(message({ at: '0/1' }, { xid: 701 }), HERE)).not.toBeNull();
});

test('stops at a version or kind that it does not know', () => {
  expect(verifier().verify(message({ v: 2 }), HERE)).not.toBeNull();
  for (const v of [0, 3, 1.5, '1', null]) {
    expect(() => verifier().verify(message({ v }), HERE)).toThrow(
      expect.objectContaining({ code: 'E_DDL_MESSAGE_VERSION' }),
    );
  }
  expect(() => verifier().verify(message({ kind: 'new' }), HERE)).toThrow(
    expect.objectContaining({ code: 'E_DDL_MESSAGE_VERSION' }),
  );
});

const OLD = Buffer.alloc(32, 9);
const rotated = [
  { generation: 2, secret: SECRET, retired: null },
  { generation: 1, secret: OLD, retired: lsn(0x200n) },
];
const announcement = (fields: object, secret: typeof SECRET): Buffer =>
  message({ kind: 'key', generation: 2, retired: null, ...fields }, { secret });

test('takes a message that an older key signed before it was retired, and none after', () => {
  const ours = verifierWith(...rotated);
  expect(ours.verify(message({ at: '0/1FF' }, { secret: OLD }), lsn(0x1ffn))).not.toBeNull();
  expect(ours.verify(message({ at: '0/200' }, { secret: OLD }), lsn(0x200n))).toBeNull();
  expect(ours.verify(message({ at: '0/201' }), lsn(0x201n))).not.toBeNull();
  expect(ours.forged).toBe(1);
});

test('has the keys fetched when a new one is announced that was made since they were', () => {
  expect(() => verifier().verify(announcement({}, SECRET), HERE)).toThrow(
    expect.objectContaining({ code: 'E_KEY_RENEWED', retryable: true }),
  );
});

test('passes over the announcement of a key that it has', () => {
  const ours = verifierWith(...rotated);
  expect(ours.verify(announcement({}, OLD), HERE)).toBeNull();
  expect(ours.forged).toBe(0);
});

test('counts an announcement of a key that the source did not have after it', () => {
  const ours = verifierWith(...rotated);
  ours.begin(699);
  const content = message({ kind: 'key', generation: 9, retired: null }, { secret: OLD, xid: 699 });
  expect(ours.verify(content, HERE)).toBeNull();
  expect(ours.forged).toBe(1);
});

test('retires an older key where a newer one says so, and only then', () => {
  const ours = verifierWith(
    { generation: 2, secret: SECRET, retired: null },
    { generation: 1, secret: OLD, retired: null },
  );
  const retire = { retired: '0/150', generation: 1 };
  expect(ours.verify(announcement({ ...retire, at: '0/11' }, OLD), HERE)).toBeNull();
  expect(ours.verify(announcement({ ...retire, at: '0/12', generation: 2 }, SECRET), HERE)).toBeNull();
  expect(ours.forged).toBe(2);
  expect(ours.verify(message({ at: '0/160' }, { secret: OLD }), lsn(0x160n))).not.toBeNull();
  expect(ours.verify(announcement({ ...retire, at: '0/161' }, SECRET), lsn(0x161n))).toBeNull();
  expect(ours.forged).toBe(2);
  expect(ours.verify(message({ at: '0/170' }, { secret: OLD }), lsn(0x170n))).toBeNull();
  expect(ours.verify(message({ at: '0/171' }), lsn(0x171n))).not.toBeNull();
});
