import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type pg from 'pg';
import { splitStatements } from '../../src/sql/split-statements.ts';

const run = promisify(execFile);

/** "… cannot run inside a transaction block", which a text of several statements is to the server. */
const IN_TRANSACTION = '25001';

/** As one query, as most tools do; one by one where the server asks for it. Resolves with the error of the source, or null. */
export async function playText(client: pg.Client, sql: string): Promise<string | null> {
  try {
    try {
      await client.query(sql);
    } catch (error) {
      if ((error as { code?: string }).code !== IN_TRANSACTION) throw error;
      await client.query('rollback');
      for (const statement of splitStatements(sql)) await client.query(statement);
    }
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    // What a file leaves open is not the next one's.
    await client.query('rollback');
  }
}

/** By psql, which alone knows backslash commands and the data of COPY. */
export async function playFile(url: string, file: string): Promise<string | null> {
  const { stderr } = await run('psql', ['-X', '-q', '-d', url, '-f', file], {
    maxBuffer: 64 * 2 ** 20,
    timeout: 600_000,
  });
  const errors = stderr.split('\n').filter((line) => line.includes('ERROR:'));
  return errors.length === 0 ? null : `${errors.length} errors, the first: ${errors[0] ?? ''}`;
}
