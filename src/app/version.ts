import { createRequire } from 'node:module';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** Of the package; in logs, `status` and the migrations' records. */
export const VERSION = version;
