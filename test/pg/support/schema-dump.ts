import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { pgDump } from '../../support/pg-dump.ts';
import type { TestDatabase } from '../../support/test-database.ts';

const run = promisify(execFile);

/** What `pg_dump -s` says of a database, line by line, without the random marks of newer versions. */
export async function schemaDump(database: TestDatabase): Promise<string[]> {
  const { stdout } = await run(await pgDump(), ['--schema-only', '--dbname', database.url()], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout.split('\n').filter((line) => line.trim() !== '' && !/^(--|\\(un)?restrict )/.test(line));
}
