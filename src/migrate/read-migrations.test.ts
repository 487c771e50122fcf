import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { MIGRATION_SETS } from './migration.ts';
import { checksumOf, readMigrations } from './read-migrations.ts';

const folders: string[] = [];
afterEach(() => Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true }))));

async function folderWith(...names: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'walcast-migrations-'));
  folders.push(folder);
  await mkdir(join(folder, 'core'));
  for (const name of names) await writeFile(join(folder, 'core', name), 'select 1;\r\n');
  return folder;
}

describe('migration files', () => {
  it.each(MIGRATION_SETS)('of the set %s are numbered without a gap and begin with the bootstrap', async (set) => {
    const migrations = await readMigrations(set);
    expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, index) => index));
    expect(migrations[0]).toMatchObject({ name: 'bootstrap', file: `${set}/0000_bootstrap.up.sql` });
  });

  it('bootstrap all sets in the same way', async () => {
    const bootstraps = await Promise.all(MIGRATION_SETS.map(async (set) => (await readMigrations(set))[0]));
    expect(new Set(bootstraps.map((migration) => migration?.checksum)).size).toBe(1);
  });

  it('have a checksum that does not depend on line ends', () => {
    expect(checksumOf('a\r\nb\r\n')).toBe(checksumOf('a\nb\n'));
    expect(checksumOf('a\nb')).not.toBe(checksumOf('a\nb '));
  });

  it('may say at their head that there is no way back for what they remove', async () => {
    const folder = await folderWith('0000_a.up.sql', '0000_a.down.sql', '0001_b.up.sql', '0001_b.down.sql');
    const write = (text: string): Promise<void> => writeFile(join(folder, 'core', '0001_b.up.sql'), text);
    const irreversible = async (): Promise<unknown[]> =>
      (await readMigrations('core', folder)).map((migration) => migration.irreversible);
    await write('-- Why.\n-- walcast: irreversible: the column goes with its values\nselect 1;\n');
    expect(await irreversible()).toEqual([false, true]);
    await write('-- walcast: irreversible\r\nselect 1;\r\n');
    expect(await irreversible()).toEqual([false, true]);
    await write('select 1;\n-- walcast: irreversible\n');
    expect(await irreversible()).toEqual([false, false]);
    await write('-- walcast: irreversable\nselect 1;\n');
    await expect(irreversible()).rejects.toThrow(/unknown mark "irreversable"/);
  });

  it.each([
    ['a way back that is missing', ['0000_a.up.sql']],
    ['a way back without its way', ['0000_a.up.sql', '0000_a.down.sql', '0001_b.down.sql']],
    ['a gap', ['0000_a.up.sql', '0000_a.down.sql', '0002_b.up.sql', '0002_b.down.sql']],
    ['a name that does not fit', ['0000_a.up.sql', '0000_a.down.sql', '1-b.up.sql', '1-b.down.sql']],
  ])('are refused for %s', async (_, names) => {
    await expect(readMigrations('core', await folderWith(...names))).rejects.toMatchObject({ code: 'E_MIGRATION' });
  });
});
