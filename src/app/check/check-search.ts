import type { Config } from '../../config/schema.ts';
import type { SearchTarget } from '../../config/targets.ts';
import { TypeResolver } from '../../documents/types/type-resolver.ts';
import { isWalcastError } from '../../errors/walcast-error.ts';
import { PostgresSourceCatalog } from '../../listener/postgres/source-catalog.ts';
import { CatalogTypes } from '../../listener/postgres/type-source.ts';
import { searchFindings } from '../../processor/search/search-findings.ts';
import { readCluster } from '../../processor/search/search-report.ts';
import { error, ok, type Finding } from './finding.ts';

/** Clusters before these lack what we need: flat_object came with 2.7. */
const LEAST_VERSION: readonly [number, number] = [2, 7];

/** What `run` will meet at a search target, and what of the source's schema it will take otherwise than one would think. Changes nothing. */
export async function checkSearch(target: SearchTarget, config: Config, signal: AbortSignal): Promise<Finding[]> {
  const findings: Finding[] = [];
  const say = (finding: Finding): void =>
    void findings.push({ ...finding, what: `target ${target.name}: ${finding.what}` });
  const { url } = config.source.postgres;
  const catalog = new PostgresSourceCatalog(url, signal);
  try {
    const { distribution, version } = await readCluster(target.opensearch, signal);
    const [major = 0, minor = 0] = version.split('.').map(Number);
    const [least, leastMinor] = LEAST_VERSION;
    if (distribution !== 'opensearch' || major < least || (major === least && minor < leastMinor))
      say(error(`it is ${distribution} ${version}`, `OpenSearch ${LEAST_VERSION.join('.')} or later is needed.`));
    else say(ok(`OpenSearch ${version}`));
    if ((await catalog.tableIds(null)) === null)
      say(error('the source gives its tables no ids', 'Run `replicate init --with-injector`.'));
    const tables = await catalog.allRelations();
    const resolver = new TypeResolver(new CatalogTypes(url, signal));
    for (const finding of await searchFindings(tables, target.opensearch, resolver)) say(finding);
  } catch (problem) {
    if (!isWalcastError(problem)) throw problem;
    say(error(problem.message, problem.hint));
  }
  return findings;
}
