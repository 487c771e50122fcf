import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installOnce } from './install-once.ts';

describe('an installation', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'walcast-install-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('is made once for all who ask at the same time, and is whole when they go on', async () => {
    const folder = join(root, 'thing');
    let fills = 0;
    const fill = async (scratch: string): Promise<void> => {
      fills++;
      await writeFile(join(scratch, 'one'), '1');
      await new Promise((resolve) => setImmediate(resolve));
      await writeFile(join(scratch, 'two'), '2');
    };
    await Promise.all(
      Array.from({ length: 5 }, async () => {
        await installOnce(folder, fill);
        expect((await readdir(folder)).sort()).toEqual(['one', 'two']);
      }),
    );
    expect(fills).toBe(1);
    expect(await readdir(root)).toEqual(['thing']);
  });

  it('that fails leaves nothing, and the next one is a new try', async () => {
    const folder = join(root, 'thing');
    const broken = installOnce(folder, async (scratch) => {
      await writeFile(join(scratch, 'half'), '');
      throw new Error('no network');
    });
    await expect(broken).rejects.toThrow('no network');
    expect(await readdir(root)).toEqual([]);
    await installOnce(folder, (scratch) => writeFile(join(scratch, 'whole'), ''));
    expect(await readdir(folder)).toEqual(['whole']);
  });

  it('does not wait for an owner that died', async () => {
    const folder = join(root, 'thing');
    await mkdir(`${folder}.lock`);
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(`${folder}.lock`, longAgo, longAgo);
    await installOnce(folder, (scratch) => writeFile(join(scratch, 'whole'), ''));
    expect(await readdir(root)).toEqual(['thing']);
  });

  it('keeps what somebody else put there meanwhile', async () => {
    const folder = join(root, 'thing');
    await installOnce(folder, async (scratch) => {
      await writeFile(join(scratch, 'who'), 'we');
      await mkdir(folder);
      await writeFile(join(folder, 'who'), 'they');
    });
    expect(await readFile(join(folder, 'who'), 'utf8')).toBe('they');
    expect(await readdir(root)).toEqual(['thing']);
  });
});
