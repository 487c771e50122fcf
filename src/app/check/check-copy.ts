import type { Config, TargetConfig } from '../../config/schema.ts';
import { isPostgres, type PostgresTarget } from '../../config/targets.ts';
import { WalcastError } from '../../errors/walcast-error.ts';
import { withReadingSession } from '../status/reading-session.ts';
import { examineTarget, readSourceNeeds } from './check-target.ts';
import { copySourceFindings, copyTargetFindings } from './copy-findings.ts';
import { readCopySource, type CopySourceFacts } from './copy-source.ts';
import { readCopyTarget } from './copy-target.ts';
import type { Finding } from './finding.ts';

export interface CopyCheckOptions<Target extends TargetConfig = TargetConfig> {
  readonly config: Config;
  readonly target: Target;
  /** A stream goes on from where the copy ends; false: the copy is all there is. */
  readonly streamed: boolean;
  readonly signal: AbortSignal;
}

export interface CopyTargetVerdict {
  /** It has a checkpoint of this pipeline, or is being filled. */
  readonly begun: boolean;
  readonly findings: readonly Finding[];
}

export async function readCopySourceFacts(config: Config, signal: AbortSignal): Promise<CopySourceFacts> {
  return await withReadingSession('source', config.source.postgres.url, signal, readCopySource);
}

/** What a copy of the source into the target would meet, changing nothing. */
export async function examineCopyTarget(
  { config, target, streamed, signal }: CopyCheckOptions<PostgresTarget>,
  source: CopySourceFacts,
): Promise<CopyTargetVerdict> {
  const facts = await withReadingSession('target', target.postgres.url, signal, (session) =>
    readCopyTarget(session, config.name, streamed),
  );
  return { begun: facts.begun, findings: copyTargetFindings(target.name, facts, source, config.snapshot) };
}

/** The preflight of a copy: throws E_PREFLIGHT with all that is missing, before anything was written; returns what is worth a warning. */
export async function requireCopyPossible(options: CopyCheckOptions): Promise<Finding[]> {
  const { config, target, streamed, signal } = options;
  const source = await readCopySourceFacts(config, signal);
  const findings = copySourceFindings(source, config.snapshot, { streamed });
  // what a search target has is told by itself when it is opened
  if (isPostgres(target)) {
    const needs = await readSourceNeeds(config.source.postgres.url, signal);
    findings.push(...(await examineTarget(target, config.ddl, needs, signal, 'copied')));
    findings.push(...(await examineCopyTarget({ ...options, target }, source)).findings);
  }
  const errors = findings.filter(({ level }) => level === 'error');
  if (errors.length > 0) {
    const lines = errors.map(({ what, cure }) => `- ${what}. ${cure}`);
    throw new WalcastError('E_PREFLIGHT', `the copy cannot be made, nothing was changed:\n${lines.join('\n')}`, {
      fields: { findings, target: target.name },
    });
  }
  return findings.filter(({ level }) => level === 'warning');
}
