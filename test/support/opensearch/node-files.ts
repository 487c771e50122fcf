import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, installOnce, PACKAGE_ROOT } from '../../../src/app/demo/embedded/index.ts';
import { javaOf, type Java } from './java.ts';

const run = promisify(execFile);
// The bench runs from a compiled copy that has none of these files.
const HERE = join(process.env['WALCAST_BENCH_ROOT'] ?? PACKAGE_ROOT, 'test', 'support', 'opensearch');

/** The supported lines, and which release of each is tried. */
const RELEASES = { '2': { version: '2.19.6', java: 17 }, '3': { version: '3.8.0', java: 21 } } as const;

export type OpenSearchLine = keyof typeof RELEASES;

export interface NodeFiles {
  readonly version: string;
  readonly java: Java;
  readonly classPath: string;
}

const known = new Map<OpenSearchLine, Promise<NodeFiles>>();

/** What it takes to start a node of a line; fetched by Maven into the cache when first asked for. */
export function nodeFiles(line: OpenSearchLine): Promise<NodeFiles> {
  let files = known.get(line);
  if (files === undefined) {
    files = find(line);
    known.set(line, files);
  }
  return files;
}

async function find(line: OpenSearchLine): Promise<NodeFiles> {
  const { version, java: atLeast } = RELEASES[line];
  const java = await javaOf(atLeast);
  const [jars, launcher] = [await jarsOf(version), await launcherJar()];
  const names = (await readdir(jars)).filter((name) => name.endsWith('.jar')).sort();
  return { version, java, classPath: [launcher, ...names.map((name) => join(jars, name))].join(':') };
}

async function jarsOf(version: string): Promise<string> {
  const folder = join(await cacheFolder(), 'opensearch', version);
  await installOnce(folder, async (scratch) => {
    const words = ['-q', '-B', '-f', join(HERE, 'pom.xml'), `-Dopensearch=${version}`];
    try {
      await run('mvn', [...words, 'dependency:copy-dependencies', `-DoutputDirectory=${scratch}`], {
        timeout: 280_000,
      });
    } catch (cause) {
      throw new Error(`Maven could not fetch OpenSearch ${version}, which the tests run: ${String(cause)}`, { cause });
    }
  });
  return folder;
}

/** Compiled against the older line, for the oldest Java: it runs on both. */
async function launcherJar(): Promise<string> {
  const { version, java: atLeast } = RELEASES['2'];
  const folder = join(await cacheFolder(), 'opensearch', 'launcher-1');
  await installOnce(folder, async (scratch) => {
    const [{ home }, jars] = [await javaOf(atLeast, true), await jarsOf(version)];
    const classes = join(scratch, 'classes');
    await mkdir(classes);
    const words = ['-proc:none', '-nowarn', '--release', String(atLeast), '-cp', join(jars, '*'), '-d', classes];
    await run(join(home, 'bin', 'javac'), [...words, join(HERE, 'OneNode.java')], { timeout: 120_000 });
    await run(join(home, 'bin', 'jar'), ['--create', '--file', join(scratch, 'one-node.jar'), '-C', classes, '.']);
  });
  return join(folder, 'one-node.jar');
}
