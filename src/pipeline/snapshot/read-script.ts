import { setTimeout as delay } from 'node:timers/promises';
import { ReadSession } from '../../listener/snapshot/read-session.ts';
import { SourceSnapshot } from '../../listener/snapshot/source-snapshot.ts';
import { readTables } from '../../listener/snapshot/tables.ts';
import { isWalcastError, WalcastError } from '../../errors/walcast-error.ts';
import { schemaFingerprint } from '../../schema/catalog/fingerprint.ts';
import type { SchemaScript } from '../../wal/snapshot.ts';
import type { CopyJob } from './copy-options.ts';

export interface ReadScript {
  readonly script: SchemaScript;
  /** Open: rows can be read under it. */
  readonly snapshot: SourceSnapshot;
}

/** The schema of a busy source changes while it is read: then once more. */
const ATTEMPTS = 12;
/** From here on by ourselves, if it is for us to choose: reading the catalog takes less time than pg_dump. */
const QUICK_FROM = 3;
const PAUSE_MS = 500;

/** Schema and tables as they were at one snapshot, which is still open. */
export async function readScript(job: CopyJob): Promise<ReadScript> {
  const { settings, signal, progress } = job;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    progress.section({ done: 0, total: 0, current: 'reading the schema of the source' });
    const quick = settings.schemaSource === 'auto' && attempt >= QUICK_FROM;
    const read = await readOnce(job, quick ? 'catalog' : settings.schemaSource);
    if (read !== null) return read;
    settings.logger.info({ attempt }, 'the schema of the source changed while it was read: once more');
    await delay(Math.random() * PAUSE_MS * attempt, undefined, { signal });
  }
  throw new WalcastError(
    'E_SNAPSHOT_SCHEMA',
    `the source's schema was changed each of the ${ATTEMPTS} times that it was read`,
  );
}

/** Null: it was changed meanwhile, and what was read is of two moments. */
async function readOnce(job: CopyJob, schemaSource: CopyJob['settings']['schemaSource']): Promise<ReadScript | null> {
  const { settings, signal, streamed, sink } = job;
  const snapshot = await SourceSnapshot.open({ url: settings.url, signal, streamed, limits: settings.limits });
  let kept = false;
  try {
    const before = await schemaFingerprint(snapshot.session);
    // Rows of unlogged tables are in no stream: a copy of them would be of one moment and never change again.
    const tables = await readTables(snapshot.session, { unlogged: !streamed });
    const statements = sink.rowsOnly === true ? [] : await settings.readSchema({ snapshot, schemaSource, signal });
    kept = before === (await fingerprintNow(job));
    return kept ? { script: { statements, tables }, snapshot } : null;
  } catch (error) {
    if (isWalcastError(error) && error.code === 'E_SNAPSHOT_SCHEMA') return null;
    throw error;
  } finally {
    if (!kept) await snapshot.close();
  }
}

async function fingerprintNow({ settings, signal }: CopyJob): Promise<string> {
  const session = await ReadSession.connect({
    url: settings.url,
    signal,
    statementTimeoutMs: settings.limits.statementTimeoutMs,
  });
  try {
    return await schemaFingerprint(session);
  } finally {
    await session.close();
  }
}
