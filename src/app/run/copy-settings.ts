import type { Config } from '../../config/schema.ts';
import { DEFAULT_LIMITS } from '../../listener/snapshot/limits.ts';
import type { Logger } from '../../observe/logger.ts';
import type { CopySettings, ReadGate, SchemaReader } from '../../pipeline/snapshot/copy-options.ts';

/** What the configuration says of the initial copy. */
export function copySettings(
  { source, snapshot }: Config,
  logger: Logger,
  gate: ReadGate,
  readSchema: SchemaReader,
): CopySettings {
  return {
    url: source.postgres.url,
    workers: snapshot.workers,
    schemaSource: snapshot.schema_source,
    readSchema,
    onExisting: snapshot.on_existing,
    ranges: { rangeBytes: snapshot.range_size },
    limits: { ...DEFAULT_LIMITS, copyTimeoutMs: snapshot.statement_timeout, lockTimeoutMs: snapshot.lock_timeout },
    gate,
    logger,
  };
}
