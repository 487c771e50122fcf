import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { PACKAGE_ROOT } from '../../src/app/demo/embedded/index.ts';

const run = promisify(execFile);
const DIST = join(PACKAGE_ROOT, 'dist');
export const CLI = join(DIST, 'cli', 'main.js');

/** Compiles `src` to `dist` if anything changed. Types are not checked: that is the type check's job, and takes longer. */
export async function ensureBuilt(): Promise<void> {
  const started = new Date();
  const built = await stat(CLI).catch(() => undefined);
  if (built !== undefined && built.mtimeMs > (await newestSource())) return;
  await mkdir(join(PACKAGE_ROOT, '.cache'), { recursive: true });
  const scratch = await mkdtemp(join(PACKAGE_ROOT, '.cache', 'build-'));
  try {
    const compiler = join(PACKAGE_ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const flags = ['--noCheck', '--sourceMap', 'false', '--declaration', 'false', '--outDir', scratch];
    await run(process.execPath, [compiler, '-p', 'tsconfig.build.json', ...flags], { cwd: PACKAGE_ROOT });
    // File by file: a daemon of another test run may be loading the old ones, and must never see half a file.
    for (const file of await filesBelow(scratch)) {
      await mkdir(dirname(join(DIST, file)), { recursive: true });
      await rename(join(scratch, file), join(DIST, file));
    }
    // What was saved while the compiler ran counts as newer.
    await utimes(CLI, started, started).catch(() => undefined);
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    throw new Error(`the build failed: ${stdout ?? String(error)}`, { cause: error });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function newestSource(): Promise<number> {
  const src = join(PACKAGE_ROOT, 'src');
  const files = (await filesBelow(src)).map((file) => join(src, file));
  const settings = ['tsconfig.json', 'tsconfig.build.json'].map((file) => join(PACKAGE_ROOT, file));
  const times = await Promise.all([...files, ...settings].map(async (file) => (await stat(file)).mtimeMs));
  return Math.max(...times);
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
