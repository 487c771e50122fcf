import type { SchemaReader } from '../../pipeline/snapshot/copy-options.ts';

/** Prints the schema of a PostgreSQL source. */
export const schemaReader: SchemaReader = () => Promise.reject(new Error('no schema reader'));
