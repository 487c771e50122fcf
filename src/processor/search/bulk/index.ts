export type { BulkCounts } from './bulk-sender.ts';
export type { BulkTarget, BulkTargetOptions } from './bulk-target.ts';
export { BulkWriter, type BulkWriterOptions, type RefusedPolicy } from './bulk-writer.ts';
