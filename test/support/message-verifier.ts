import { DdlMessageVerifier } from '../../src/ddl/message-verifier.ts';
import { parseLsn } from '../../src/wal/lsn.ts';
import { parseSnapshot } from '../../src/wal/visibility.ts';
import type { TestDatabase } from './test-database.ts';

/** One with the keys that the source has now. */
export async function verifierOf(source: TestDatabase): Promise<DdlMessageVerifier> {
  const keys = await source.query(`select generation, encode(secret, 'hex') as secret, g.retired
    from walcast.key join walcast.key_generation g using (generation)`);
  return new DdlMessageVerifier({
    keys: keys.map(({ generation, secret, retired }) => ({
      generation: Number(generation),
      secret: Buffer.from(secret ?? '', 'hex'),
      retired: typeof retired === 'string' ? parseLsn(retired) : null,
    })),
    keysReadAt: parseSnapshot((await source.value('select pg_current_snapshot()')) ?? ''),
    databaseOid: Number(await source.value('select oid from pg_database where datname = current_database()')),
  });
}
