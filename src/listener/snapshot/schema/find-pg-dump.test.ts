import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPgDump, pgDumpFolders } from './find-pg-dump.ts';

describe('the search for a pg_dump', () => {
  let root: string;
  const folder = (name: string): string => join(root, name);

  async function place(name: string, script: string, file = 'pg_dump'): Promise<void> {
    await mkdir(folder(name), { recursive: true });
    await writeFile(join(folder(name), file), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder(name), file), 0o755);
  }

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'walcast-find-'));
    await place('14', 'echo "pg_dump (PostgreSQL) 14.9 (Debian 14.9-1)"');
    await place('16', 'echo "pg_dump (PostgreSQL) 16.2"');
    await place('18', 'echo "pg_dump (PostgreSQL) 18beta1"');
    await place('broken', 'exit 1');
    await place('chooser', 'echo "pg_dump (PostgreSQL) 16.9"', 'pg_wrapper');
    await symlink(join(folder('chooser'), 'pg_wrapper'), join(folder('chooser'), 'pg_dump'));
  });
  afterAll(() => rm(root, { recursive: true }));

  it.each([
    [14, '14', 14],
    [15, '16', 16],
    [17, '18', 18],
  ])('takes the nearest that is no older than the source: %i', async (major, name, version) => {
    const folders = ['18', 'nowhere', 'broken', 'chooser', '16', '14'].map(folder);
    expect(await findPgDump(major, folders)).toMatchObject({
      kind: 'found',
      pgDump: { path: join(folder(name), 'pg_dump'), major: version },
    });
  });

  it('says what there is instead', async () => {
    expect(await findPgDump(15, ['broken', 'chooser'].map(folder))).toEqual({
      kind: 'missing',
      why: 'there is no pg_dump on this machine, and the source is PostgreSQL 15',
    });
    expect(await findPgDump(17, ['14', '16'].map(folder))).toEqual({
      kind: 'missing',
      why: 'there is only pg_dump 14.9, 16.2 on this machine, and the source is PostgreSQL 17',
    });
  });

  it('looks through PATH first', async () => {
    expect((await pgDumpFolders(`/some/bin:${root}:/some/bin`)).slice(0, 2)).toEqual(['/some/bin', root]);
  });
});
