import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type pg from 'pg';
import { diffEntries, type DumpEntries, dumpEntries } from './dump-entries.ts';
import { pgDump } from './pg-dump.ts';
import { differingRows, type RowChecksum, rowChecksums } from './row-checksums.ts';
import { inVersion, restoredEntries } from './restored-entries.ts';
import { TestDatabase } from './test-database.ts';
import { rowsOf, textClient } from './text-client.ts';

const run = promisify(execFile);

export interface CompareOptions {
  readonly ignore?: {
    /** SQL names, e.g. `public.sessions`, whose rows may differ. */
    readonly rowsOf?: readonly string[];
    /** Objects of the dump that may differ, matched against e.g. `TABLE public.t` or `ACL public.TABLE t`. */
    readonly objects?: readonly RegExp[];
  };
}

export interface Comparison {
  readonly equal: boolean;
  /** The differing lines of `pg_dump -s`: `-` stands only on the source, `+` only on the target. */
  readonly schema: readonly string[];
  readonly rows: readonly string[];
}

export type Comparable = TestDatabase | string;

interface Side {
  readonly client: pg.Client;
  readonly dump: string;
  readonly entries: DumpEntries;
  readonly checksums: ReadonlyMap<string, RowChecksum>;
}

// As for every connection that reads or writes replicated values: the text of a value depends on nothing else.
const PINNED = `set local DateStyle = 'ISO'; set local IntervalStyle = 'postgres'; set local TimeZone = 'UTC';
  set local extra_float_digits = 3; set local bytea_output = 'hex'; set local xmlbinary = 'base64'; set local lc_monetary = 'C';
  set local row_security = off; set local quote_all_identifiers = off; set local search_path = pg_catalog;
  set local statement_timeout = '120s'; set local lock_timeout = '30s'`;

/** Schema and rows of two databases, each read in one snapshot; the one helper for all suites. Reads as superuser. */
export async function compareDatabases(
  source: Comparable,
  target: Comparable,
  options: CompareOptions = {},
): Promise<Comparison> {
  const clients = await Promise.all([reader(source), reader(target)]);
  try {
    const [left, right] = await Promise.all([read(clients[0], source), read(clients[1], target)]);
    const ignored = options.ignore?.objects ?? [];
    const wanted = await asPrintedThere(left, right, source, target);
    const schema = diffEntries(without(wanted, ignored), without(right.entries, ignored));
    const rows = await diffRows(left, right, new Set(options.ignore?.rowsOf));
    return { equal: schema.length === 0 && rows.length === 0, schema, rows };
  } finally {
    await Promise.all([release(clients[0], source), release(clients[1], target)]);
  }
}

/** Fails with the lines that differ. */
export async function expectEqual(source: Comparable, target: Comparable, options: CompareOptions = {}): Promise<void> {
  const { equal, schema, rows } = await compareDatabases(source, target, options);
  if (equal) return;
  const shown = [...rows, ...schema];
  const cut = shown.length > 60 ? [...shown.slice(0, 60), `… and ${shown.length - 60} lines more`] : shown;
  throw new Error(`source (-) and target (+) differ:\n${cut.join('\n')}`);
}

/** Connections are kept with their test database, since some tests compare hundreds of times. */
const readers = new WeakMap<TestDatabase, pg.Client>();

async function reader(database: Comparable): Promise<pg.Client> {
  if (database instanceof TestDatabase) {
    const idle = readers.get(database);
    readers.delete(database);
    if (idle !== undefined) return idle;
    const client = await database.client();
    client.once('end', () => {
      if (readers.get(database) === client) readers.delete(database);
    });
    return client;
  }
  const client = textClient(database);
  await client.connect();
  return client;
}

/** A connection that failed is not used again. */
async function release(client: pg.Client, database: Comparable): Promise<void> {
  const usable = await client.query('rollback').then(
    () => true,
    () => false,
  );
  if (usable && database instanceof TestDatabase && !readers.has(database)) {
    readers.set(database, client);
  } else {
    await client.end();
  }
}

/** Where the target's version is another one, an object may also look as a restore of the source's dump into that version makes it. */
async function asPrintedThere(left: Side, right: Side, source: Comparable, target: Comparable): Promise<DumpEntries> {
  if (!(source instanceof TestDatabase && target instanceof TestDatabase)) return left.entries;
  if (source.server.major === target.server.major) return left.entries;
  const restored = await restoredEntries(left.dump, target.server, (database) => plainDump(database.url()));
  return new Map(
    [...left.entries].map(([key, text]) => [
      key,
      text === right.entries.get(key)
        ? text
        : inVersion(source.server.major, key, restored.get(key) ?? text, right.entries.get(key)),
    ]),
  );
}

async function read(client: pg.Client, database: Comparable): Promise<Side> {
  await client.query(`begin isolation level repeatable read, read only; ${PINNED}`);
  const [row] = rowsOf(await client.query('select pg_export_snapshot() as snapshot'));
  const url = typeof database === 'string' ? database : database.url();
  const dump = schemaDump(url, String(row?.['snapshot']));
  // Both fail together when the server goes away: the second failure must not stay unheard.
  const [text, checksums] = await Promise.allSettled([dump, rowChecksums(client)]);
  if (text.status === 'rejected') throw text.reason;
  if (checksums.status === 'rejected') throw checksums.reason;
  return { client, dump: text.value, entries: dumpEntries(text.value), checksums: checksums.value };
}

function schemaDump(url: string, snapshot: string): Promise<string> {
  return plainDump(url, [`--snapshot=${snapshot}`]);
}

async function plainDump(url: string, more: readonly string[] = []): Promise<string> {
  const flags = ['-s', '--no-publications', '--no-subscriptions', '-N', 'walcast', '--lock-wait-timeout=30s'];
  const { stdout } = await run(await pgDump(), [...flags, ...more, '-d', url], {
    maxBuffer: 256 * 2 ** 20,
    timeout: 120_000,
  });
  return stdout;
}

function without(entries: DumpEntries, ignored: readonly RegExp[]): DumpEntries {
  return new Map([...entries].filter(([key]) => !ignored.some((pattern) => pattern.test(key))));
}

async function diffRows(left: Side, right: Side, ignored: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = [];
  for (const name of [...new Set([...left.checksums.keys(), ...right.checksums.keys()])].sort()) {
    const one = left.checksums.get(name);
    const two = right.checksums.get(name);
    if (ignored.has(name) || sameRows(one, two)) continue;
    if (one === undefined || two === undefined) {
      found.push(`${name}: ${describe(one)} | ${describe(two)}`);
      continue;
    }
    found.push(`${name}: ${describe(one)} | ${describe(two)}${one.count === two.count ? ', not the same' : ''}`);
    if (one.populated && two.populated) found.push(...(await differingRows(left.client, right.client, name)));
  }
  return found;
}

function sameRows(one: RowChecksum | undefined, two: RowChecksum | undefined): boolean {
  return one?.populated === two?.populated && one?.count === two?.count && one?.sum === two?.sum;
}

function describe(checksum: RowChecksum | undefined): string {
  if (checksum === undefined) return 'no such table';
  return checksum.populated ? `${checksum.count} rows` : 'not populated';
}
