import type { SnapshotLimits } from '../../listener/snapshot/limits.ts';
import type { RangeOptions } from '../../listener/snapshot/plan-ranges.ts';
import type { SchemaSource } from '../../listener/snapshot/schema/read-schema.ts';
import type { SchemaRequest } from '../../listener/snapshot/schema/schema-reader.ts';
import type { Logger } from '../../observe/logger.ts';
import type { OnExisting, SchemaStatement, SnapshotSink } from '../../wal/snapshot.ts';
import type { SnapshotProgress } from './progress.ts';

/** Resolves when rows may be read: at once, unless the source keeps too much WAL for its other readers. */
export type ReadGate = (progress: SnapshotProgress, signal: AbortSignal) => Promise<void>;

/** Prints the schema that the snapshot sees. */
export type SchemaReader = (request: SchemaRequest) => Promise<SchemaStatement[]>;

/** What is the same for every copy of a run. */
export interface CopySettings {
  readonly url: string;
  /** Tables or ranges at once, each with a connection to either side. */
  readonly workers: number;
  readonly schemaSource: SchemaSource;
  readonly readSchema: SchemaReader;
  readonly onExisting: OnExisting;
  readonly ranges: RangeOptions;
  readonly limits: SnapshotLimits;
  readonly gate: ReadGate;
  readonly logger: Logger;
}

/** One copy into one target. */
export interface CopyJob {
  readonly settings: CopySettings;
  readonly sink: SnapshotSink;
  readonly progress: SnapshotProgress;
  readonly signal: AbortSignal;
  /** A stream goes on from where the copy ends; else the copy is all there is. */
  readonly streamed: boolean;
}
