import type { LoadedConfig } from '../../config/load.ts';
import { deriveNames } from '../../config/names.ts';
import { isPostgres, isSearch } from '../../config/targets.ts';
import { redactDeep } from '../../errors/redact.ts';
import { WalcastError } from '../../errors/walcast-error.ts';
import { parseLsn } from '../../wal/lsn.ts';
import { VERSION } from '../version.ts';
import { assess, type Facts } from './assess.ts';
import { readDaemon } from './read-daemon.ts';
import { readSource } from './read-source.ts';
import { readSearchTarget } from './read-search-target.ts';
import { readTarget } from './read-target.ts';
import type { StatusReport } from './status-report.ts';

export interface StatusOptions {
  readonly loaded: LoadedConfig;
  readonly signal: AbortSignal;
}

/** Reads source, targets and daemon; what cannot be reached is part of the answer, never an error. */
export async function collectStatus({ loaded, signal }: StatusOptions): Promise<StatusReport> {
  const { config } = loaded;
  const { slot, publication } = deriveNames(config);
  const address = { url: config.source.postgres.url, pipeline: config.name, slot, publication };
  const daemon = await readDaemon(config.server.listen, config.name, signal);
  const source = await readSource(address, daemon.status, signal);
  const targets = await Promise.all(
    config.targets.map((target) => {
      const seen = daemon.status?.targets.find(({ name }) => name === target.name) ?? null;
      if (isSearch(target)) return readSearchTarget(target, source.position, seen, config.snapshot.mode, signal);
      if (isPostgres(target)) return readTarget(target, source.position, seen, config.snapshot.mode, signal);
      throw new WalcastError('E_INTERNAL', `target ${target.name} is of no known kind`);
    }),
  );
  const reports = targets.map(({ report }) => report);
  const facts: Facts = {
    pipeline: config.name,
    version: VERSION,
    at: new Date().toISOString(),
    daemon: daemon.report,
    source: source.report,
    migrations: [...source.migrations, ...targets.flatMap(({ migrations }) => migrations)],
    slot: source.slot,
    targets: reports,
    lastDdl: latestDdl(reports),
    exceptions: source.exceptions,
  };
  const findings = assess(facts);
  return redactDeep({ ...facts, ...findings, ok: findings.problems.length === 0 }, loaded.secrets) as StatusReport;
}

/** Of several targets the one that is farthest. */
function latestDdl(targets: StatusReport['targets']): StatusReport['lastDdl'] {
  let latest: StatusReport['lastDdl'] = null;
  let position = -1n;
  for (const { name, lastDdl } of targets) {
    if (lastDdl === null) continue;
    const at = parseLsn(lastDdl.lsn);
    if (at > position) [latest, position] = [{ ...lastDdl, target: name }, at];
  }
  return latest;
}
