import { ReadSession } from '../../listener/snapshot/read-session.ts';
import { readSequences } from '../../listener/snapshot/sequences.ts';
import { SourceSnapshot } from '../../listener/snapshot/source-snapshot.ts';
import { isWalcastError, WalcastError } from '../../errors/walcast-error.ts';
import type { SnapshotPhase, SnapshotState } from '../../wal/snapshot.ts';
import type { CopyJob } from './copy-options.ts';
import { readScript } from './read-script.ts';
import { TableCopier } from './table-copier.ts';

/**
 * Brings a target from wherever it stands to the end of the copy: schema, rows, what is built over them. Each step is noted on the target,
 * so that whoever comes after us goes on. Resolves with nothing left but what the stream has to bring.
 */
export async function fillTarget(job: CopyJob): Promise<void> {
  const { sink, settings } = job;
  const begun = await sink.load();
  try {
    await fillFrom(begun, job);
  } catch (error) {
    const again = begun !== null && settings.onExisting === 'replace';
    if (!again || !isWalcastError(error) || error.code !== 'E_SNAPSHOT_MOVED') throw error;
    settings.logger.info(`a new copy is begun instead of the unfinished one: ${error.message}`);
    await fillFrom(await sink.load(), job);
  }
}

async function fillFrom(begun: SnapshotState | null, job: CopyJob): Promise<void> {
  const { sink, progress, signal } = job;
  let state = begun;
  let snapshot: SourceSnapshot | null = null;
  try {
    if (state === null) {
      const read = await readScript(job);
      snapshot = read.snapshot;
      state = await sink.begin(read.script, snapshot.cut, job.settings.onExisting);
    }
    progress.load(state);
    let phase: SnapshotPhase = state.phase;
    const enter = async (next: SnapshotPhase): Promise<void> => {
      signal.throwIfAborted();
      await sink.enter(next);
      progress.enter(next);
      phase = next;
    };
    const report = progress.section.bind(progress);
    if (phase === 'schema') {
      await sink.restore('pre-data', report, signal);
      await enter('rows');
    }
    if (phase === 'rows') {
      snapshot ??= await openSnapshot(job);
      await copyRows(job, snapshot, state);
      await enter('post-data');
    }
    if (phase === 'post-data') {
      await snapshot?.close();
      await sink.restore('post-data', report, signal, job.settings.workers);
      if (!job.streamed) await requireWhole(job);
      await copySequences(job);
      await sink.analyze(report, job.settings.workers);
      await enter(job.streamed ? 'catchup' : 'done');
    }
  } finally {
    await snapshot?.close();
  }
}

async function openSnapshot({ settings, signal, streamed }: CopyJob): Promise<SourceSnapshot> {
  return await SourceSnapshot.open({ url: settings.url, signal, streamed, limits: settings.limits });
}

async function copyRows(job: CopyJob, snapshot: SourceSnapshot, state: SnapshotState): Promise<void> {
  const copier = new TableCopier(job, snapshot);
  await copier.copy(state.tables.filter((table) => table.state === 'waiting'));
  for (const { oid } of copier.refused) await job.sink.markTable(oid, 'changed');
  if (!job.streamed) await requireWhole(job);
}

/** What changed during a copy would come with the stream. Where there is none, such a copy never becomes whole. */
async function requireWhole(job: CopyJob): Promise<void> {
  const after = await job.sink.load();
  const missed = (after?.tables ?? []).filter((table) => table.state !== 'copied');
  if (missed.length === 0) return;
  const names = missed.slice(0, 5).map(({ table }) => `${table.metadata.schema}.${table.metadata.name}`);
  await job.sink.abandon();
  throw new WalcastError(
    'E_SNAPSHOT_MOVED',
    `the source was changed during a copy that no stream follows: ${names.join(', ')}${missed.length > 5 ? ` and ${missed.length - 5} more` : ''}`,
  );
}

/** Sequences know no snapshot: their values are those of now, which none of the copied rows is ahead of. */
async function copySequences({ settings, sink, signal }: CopyJob): Promise<void> {
  const { url, limits } = settings;
  const session = await ReadSession.connect({ url, signal, statementTimeoutMs: limits.statementTimeoutMs });
  try {
    await sink.setSequences(await readSequences(session));
  } finally {
    await session.close();
  }
}
