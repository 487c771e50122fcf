import type { LoadedConfig } from '../../config/load.ts';
import type { SearchTarget } from '../../config/targets.ts';
import { PostgresSourceCatalog } from '../../listener/postgres/source-catalog.ts';
import { CatalogTypes } from '../../listener/postgres/type-source.ts';
import type { Logger } from '../../observe/logger.ts';
import type { SearchOptions } from '../../processor/search/search-options.ts';
import { SearchProcessor } from '../../processor/search/search-processor.ts';
import type { Processor } from '../../wal/processor.ts';

export function buildSearch(target: SearchTarget, loaded: LoadedConfig, logger: Logger): Processor {
  return new SearchProcessor(
    searchOptions(target, loaded, (fields, message) => logger.warn({ target: target.name, ...fields }, message)),
  );
}

/** What a search target is told of the configuration, and how it asks the source. */
export function searchOptions(
  target: SearchTarget,
  { config }: LoadedConfig,
  warn: SearchOptions['warn'],
): SearchOptions {
  const { url, auth, tls, index, prefix, fields, on_refused, on_drop, settings, tables } = target.opensearch;
  const { bulk_size: bytes, bulk_count: count, bulk_requests: requests } = target.opensearch;
  const source = config.source.postgres.url;
  return {
    name: target.name,
    reach: { url, auth, tls },
    index,
    prefix,
    fields,
    onRefused: on_refused,
    onDrop: on_drop,
    applyDdl: target.ddl === 'apply',
    snapshot: config.snapshot.mode,
    settings,
    tables: Object.fromEntries(
      Object.entries(tables).map(([name, { routing, ...rest }]) => [
        name,
        { ...rest, ...(routing === undefined ? {} : { routing }) },
      ]),
    ),
    bulk: { bytes, count, requests },
    types: new CatalogTypes(source, new AbortController().signal),
    catalog: new PostgresSourceCatalog(source),
    warn,
  };
}
