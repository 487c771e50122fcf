import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const FOLDERS = ['/usr/lib/jvm', '/usr/java', '/opt', '/Library/Java/JavaVirtualMachines'];

export interface Java {
  /** The folder with bin/java. */
  readonly home: string;
  readonly major: number;
  /** It brings javac: a whole development kit. */
  readonly compiles: boolean;
}

let found: Promise<readonly Java[]> | undefined;

/** The Java with the lowest version that is high enough: what users of that line most likely run. */
export async function javaOf(atLeast: number, compiles = false): Promise<Java> {
  found ??= search();
  const fit = (await found).filter((java) => java.major >= atLeast && (java.compiles || !compiles));
  const [best] = fit.sort((a, b) => a.major - b.major);
  if (best !== undefined) return best;
  const what = compiles ? `Java ${atLeast} or newer with javac` : `Java ${atLeast} or newer`;
  throw new Error(
    `${what} is needed for the OpenSearch node of the tests: install it, or let WALCAST_TEST_JAVA or JAVA_HOME name its folder`,
  );
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
