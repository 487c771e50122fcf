import { execFile } from 'node:child_process';
import { access, chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, installOnce } from '../../../src/app/demo/embedded/index.ts';

const run = promisify(execFile);

const PACKAGE = 'postgresql-15';

/**
 * The folder `src/test/regress` of PostgreSQL, whose files are not ours and never committed: named by WALCAST_REGRESS_SQL, else out of the
 * source package of this system, fetched into the cache once.
 */
export async function regressFolder(): Promise<string> {
  const chosen = process.env['WALCAST_REGRESS_SQL'];
  if (chosen !== undefined && chosen !== '') return await checked(chosen);
  const folder = join(await cacheFolder(), 'regress', PACKAGE);
  await installOnce(folder, install);
  return await checked(join(folder, 'src', 'test', 'regress'));
}

async function checked(folder: string): Promise<string> {
  await access(join(folder, 'parallel_schedule'));
  await access(join(folder, 'sql', 'test_setup.sql'));
  return folder;
}

/** apt's own client, with lists and a cache of this call: nothing of the system's changes. */
async function install(scratch: string): Promise<void> {
  try {
    const state = join(scratch, 'apt');
    const options = await privateApt(state);
    await run('apt-get', [...options, 'update'], { timeout: 120_000 });
    await fetchNewest(state, options);
    const archive = (await readdir(state)).find((name) => /\.orig\.tar\.\w+$/.test(name));
    if (archive === undefined) throw new Error('the source package has no .orig.tar');
    const only = ['--strip-components=1', '--no-same-owner', '--wildcards', '*/src/test/regress'];
    await run('tar', ['-C', scratch, '-xf', join(state, archive), ...only], { timeout: 120_000 });
    await rm(state, { recursive: true });
    await chmod(scratch, 0o755);
  } catch (cause) {
    throw new Error(
      `PostgreSQL's regression suite is not here: WALCAST_REGRESS_SQL names no src/test/regress, and apt could not fetch the source of ${PACKAGE} (${String(cause)})`,
      { cause },
    );
  }
}

/** A mirror may lack what its newest list names: then the version before it. */
async function fetchNewest(cwd: string, options: readonly string[]): Promise<void> {
  const { stdout } = await run('apt-cache', [...options, 'showsrc', '--only-source', PACKAGE], { timeout: 60_000 });
  const versions = [...stdout.matchAll(/^Version: (\S+)$/gm)].map(([, version = '']) => version);
  const failures: unknown[] = [];
  for (const version of versions.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))) {
    try {
      const what = ['source', '--download-only', '--only-source', `${PACKAGE}=${version}`];
      await run('apt-get', [...options, ...what], { cwd, timeout: 240_000 });
      return;
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(failures, `none of the versions ${versions.join(', ') || '(none)'} could be fetched`);
}

async function privateApt(state: string): Promise<string[]> {
  const parts = join(state, 'sources');
  await mkdir(join(state, 'lists', 'partial'), { recursive: true });
  await mkdir(join(state, 'cache', 'archives', 'partial'), { recursive: true });
  await mkdir(parts);
  for (const [name, text] of await sourceLists()) await writeFile(join(parts, name), text);
  const settings = {
    'Dir::Etc::SourceList': '/dev/null',
    'Dir::Etc::SourceParts': parts,
    'Dir::State::Lists': join(state, 'lists'),
    'Dir::Cache': join(state, 'cache'),
    // The folder is this user's: apt's own could not enter it.
    'APT::Sandbox::User': '',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** What the system fetches its packages from, asked for sources instead. */
async function sourceLists(): Promise<[string, string][]> {
  const etc = '/etc/apt';
  const folder = join(etc, 'sources.list.d');
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => /\.(list|sources)$/.test(name)).map((name) => join(folder, name));
  const lists: [string, string][] = [];
  for (const [index, path] of [join(etc, 'sources.list'), ...files].entries()) {
    const text = await readFile(path, 'utf8').catch(() => '');
    const kind = path.endsWith('.sources') ? 'sources' : 'list';
    const asked =
      kind === 'sources'
        ? text.replace(/^Types:.*$/gm, 'Types: deb-src')
        : text.replace(/^deb(-src)?(?=[ \t])/gm, 'deb-src');
    if (asked.trim() !== '') lists.push([`${index}.${kind}`, asked]);
  }
  return lists;
}
