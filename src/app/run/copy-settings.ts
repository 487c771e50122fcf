import type { Config } from '../../config/schema.ts';
import { DEFAULT_LIMITS } from '../../listener/snapshot/limits.ts';
import { schemaReader, type SchemaReaderSettings } from '../../listener/snapshot/schema/schema-reader.ts';
import type { Logger } from '../../observe/logger.ts';
import type { CopySettings, ReadGate } from '../../pipeline/snapshot/copy-options.ts';
import { renderCatalog } from '../../schema/catalog/render-catalog.ts';

/** What the configuration says of the initial copy. */
export function copySettings({ source, snapshot }: Config, logger: Logger, gate: ReadGate): CopySettings {
  const { url } = source.postgres;
  const limits = { ...DEFAULT_LIMITS, copyTimeoutMs: snapshot.statement_timeout, lockTimeoutMs: snapshot.lock_timeout };
  return {
    url,
    workers: snapshot.workers,
    schemaSource: snapshot.schema_source,
    readSchema: schemaReader({
      url,
      limits,
      logger,
      pgDumpPath: snapshot.pg_dump,
      renderCatalog: printCatalog(logger),
    }),
    onExisting: snapshot.on_existing,
    ranges: { rangeBytes: snapshot.range_size },
    limits,
    gate,
    logger,
  };
}

/** Our own reading of the schema; what it has to leave out is told. */
export function printCatalog(logger: Pick<Logger, 'warn'>): SchemaReaderSettings['renderCatalog'] {
  return async ({ relations, ...rest }) =>
    await renderCatalog({
      ...rest,
      tables: new Map(relations.map((relation) => [relation.oid, relation])),
      report: ({ object, message }) => logger.warn({ object }, `left out of the copy of the schema: ${message}`),
    });
}
