import type { Config } from '../../config/schema.ts';
import { postgresTargets, searchTargets } from '../../config/targets.ts';
import { isWalcastError } from '../../errors/walcast-error.ts';
import { examineCopyTarget, readCopySourceFacts } from './check-copy.ts';
import { checkSearch } from './check-search.ts';
import { checkTarget, examineTarget, readSourceNeeds } from './check-target.ts';
import { copySourceFindings } from './copy-findings.ts';
import { error, type Finding } from './finding.ts';

/** What `run` will meet at the targets, and, where it would fill them first, at the source. Changes nothing. */
export async function checkTargets(config: Config, signal: AbortSignal): Promise<Finding[]> {
  const findings = await checkDatabases(config, signal);
  for (const target of searchTargets(config)) findings.push(...(await checkSearch(target, config, signal)));
  return findings;
}

async function checkDatabases(config: Config, signal: AbortSignal): Promise<Finding[]> {
  const databases = postgresTargets(config);
  // a source that cannot be asked is told of by its own check
  const needs = await readSourceNeeds(config.source.postgres.url, signal).catch(() => null);
  const source =
    needs === null || config.snapshot.mode === 'never' || config.targets.length === 0
      ? null
      : await readCopySourceFacts(config, signal);
  if (source === null) {
    const findings = databases.map((target) => checkTarget(target, config.ddl, needs, signal));
    return (await Promise.all(findings)).flat();
  }
  const findings = copySourceFindings(source, config.snapshot, { streamed: true });
  for (const target of databases) {
    try {
      const copy = await examineCopyTarget({ config, target, streamed: true, signal }, source);
      findings.push(...(await examineTarget(target, config.ddl, needs, signal, copy.begun ? 'followed' : 'copied')));
      findings.push(...copy.findings);
    } catch (problem) {
      if (!isWalcastError(problem) || problem.code !== 'E_TARGET_CONNECTION') throw problem;
      findings.push(error(`target ${target.name}: ${problem.message}`, problem.hint));
    }
  }
  return findings;
}
