import { isWalcastError } from '../../errors/walcast-error.ts';
import { ClientSession } from '../init/client-session.ts';
import { error, type Finding } from './finding.ts';
import { readSourceFacts, type SourceFacts } from './source-facts.ts';
import { identityFindings, installationFindings, serverFindings } from './source-findings.ts';
import type { SourceOptions } from './source-options.ts';

export interface CheckOptions extends SourceOptions {
  /** As `init` would be called. */
  readonly replicaIdentity?: 'auto' | 'off';
}

/** Everything that `init` looks at first, changing nothing. A source that cannot be reached is a finding too. */
export async function checkSource(options: CheckOptions): Promise<Finding[]> {
  try {
    const session = await ClientSession.connect(options.url, 'source', options.signal);
    try {
      return judge(await sourceFacts(session, options), options);
    } finally {
      await session.close();
    }
  } catch (problem) {
    if (!isWalcastError(problem) || problem.code !== 'E_SOURCE_CONNECTION') throw problem;
    const pooler =
      problem.fields.sqlstate === '08P01'
        ? ' A pooler such as PgBouncer refuses like that; replication needs the server itself.'
        : '';
    return [error(problem.message, problem.hint + pooler)];
  }
}

export async function sourceFacts(session: ClientSession, options: SourceOptions): Promise<SourceFacts> {
  const second = await ClientSession.connect(options.url, 'source', options.signal);
  try {
    return await readSourceFacts(session, second, options);
  } finally {
    await second.close();
  }
}

export function judge(facts: SourceFacts, options: CheckOptions): Finding[] {
  return [
    ...serverFindings(facts),
    ...installationFindings(facts, options),
    ...identityFindings(facts, options.replicaIdentity),
  ];
}
