import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WalcastError } from '../errors/walcast-error.ts';
import type { Migration, MigrationSet } from './migration.ts';

/** The same depth below `src` and below `dist`. */
export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../migrations/', import.meta.url));

/** A line at the head of an `.up.sql`, with the reason after a colon: what it removes, its `.down.sql` cannot bring back. */
const IRREVERSIBLE = 'irreversible';

const FILE_NAME = /^(\d{4})_([a-z0-9_]+)\.(up|down)\.sql$/;

/** The migrations of a set in order: 0000, 0001 … without a gap, each with its way back and, where it has one, its verification. */
export async function readMigrations(set: MigrationSet, folder: string = MIGRATIONS_FOLDER): Promise<Migration[]> {
  const directory = join(folder, set);
  const all = (await readdir(directory)).filter((name) => !name.startsWith('.'));
  const names = all.filter((name) => !name.endsWith('.verify.sql'));
  const ups = names.filter((name) => name.endsWith('.up.sql')).sort();
  for (const name of names) {
    const partner = name.replace(/\.(up|down)\.sql$/, (_, way) => `.${way === 'up' ? 'down' : 'up'}.sql`);
    if (!FILE_NAME.test(name) || !names.includes(partner))
      throw damaged(`${set}/${name} has no partner or a wrong name`);
  }
  return await Promise.all(
    ups.map(async (fileName, version): Promise<Migration> => {
      const [, digits, name] = FILE_NAME.exec(fileName) ?? [];
      if (name === undefined || Number(digits) !== version)
        throw damaged(`${set}/${fileName} is not number ${version}`);
      const up = await read(join(directory, fileName));
      const down = await read(join(directory, fileName.replace('.up.', '.down.')));
      const verifyName = fileName.replace('.up.', '.verify.');
      const verify = all.includes(verifyName) ? await read(join(directory, verifyName)) : null;
      const file = `${set}/${fileName}`;
      const irreversible = markOf(up, file) === IRREVERSIBLE;
      return { set, version, name, file, up, down, verify, irreversible, checksum: checksumOf(up) };
    }),
  );
}

export function checksumOf(sql: string): string {
  return createHash('sha256').update(sql.replaceAll('\r\n', '\n'), 'utf8').digest('hex');
}

/** `-- walcast: <mark>` among the comment lines that a file begins with. */
function markOf(up: string, file: string): string | undefined {
  const head = /^(?:--.*\n|\n)*/.exec(up)?.[0] ?? '';
  const mark = /^-- walcast: *([^:\n]*?) *(?::.*)?$/m.exec(head)?.[1];
  if (mark !== undefined && mark !== IRREVERSIBLE) throw damaged(`${file} has the unknown mark "${mark}"`);
  return mark;
}

async function read(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).replaceAll('\r\n', '\n');
}

function damaged(what: string): WalcastError {
  return new WalcastError('E_MIGRATION', `the migrations of this installation are damaged: ${what}`);
}
