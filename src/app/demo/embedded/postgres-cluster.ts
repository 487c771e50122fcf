import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chown, mkdtemp, open, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { WalcastError } from '../../../errors/walcast-error.ts';
import type { PostgresBinaries } from './binaries.ts';
import { type Guard, guardProcess } from './guard.ts';
import { freePort, isTaken } from './port.ts';
import { childrenOf, signal, untilGone } from './processes.ts';
import { HOST_RULES, isReady, serverSettings } from './server-files.ts';
import { type ServerUser, serverUser } from './server-user.ts';

const run = promisify(execFile);
const INITDB_TIMEOUT_MS = 120_000;
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const PORT_TRIES = 10;

export interface ClusterOptions {
  readonly binaries: PostgresBinaries;
  /** Part of the data folder's name. */
  readonly name?: string;
  /** Off: no fsync, as fits servers that are thrown away. */
  readonly durable?: boolean;
  /** postgresql.conf settings on top of the defaults. */
  readonly settings?: Readonly<Record<string, string>>;
}

interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly guard: Guard;
}

/** A PostgreSQL server of our own in a temporary folder, on 127.0.0.1. It ends when our process ends, however that is. */
export class PostgresCluster {
  readonly folder: string;
  readonly dataFolder: string;
  readonly logFile: string;
  readonly binaries: PostgresBinaries;
  readonly #user: ServerUser;
  #port: number | undefined;
  #running: Running | undefined;

  private constructor(folder: string, binaries: PostgresBinaries, user: ServerUser) {
    this.folder = folder;
    this.dataFolder = join(folder, 'data');
    this.logFile = join(folder, 'server.log');
    this.binaries = binaries;
    this.#user = user;
  }

  /** Runs initdb; the server is not started yet. */
  static async create(options: ClusterOptions): Promise<PostgresCluster> {
    const user = await serverUser();
    const folder = await mkdtemp(join(await realpath(tmpdir()), `walcast-${options.name ?? 'postgres'}-`));
    const cluster = new PostgresCluster(folder, options.binaries, user);
    try {
      if (user.uid !== undefined) await chown(folder, user.uid, user.gid);
      await cluster.#initdb();
      const { dataFolder } = cluster;
      const settings = serverSettings(options.durable ?? false, options.settings ?? {});
      await writeFile(join(dataFolder, 'postgresql.auto.conf'), settings);
      await writeFile(join(dataFolder, 'pg_hba.conf'), HOST_RULES);
      return cluster;
    } catch (error) {
      await cluster.destroy();
      throw error;
    }
  }

  /** The same port after every restart. */
  get port(): number {
    if (this.#port === undefined) throw new Error('the server was never started');
    return this.#port;
  }

  get pid(): number | undefined {
    return this.#running?.pid;
  }

  url(database = 'postgres', user = 'postgres'): string {
    return `postgres://${encodeURIComponent(user)}@127.0.0.1:${this.port}/${encodeURIComponent(database)}`;
  }

  /** Resolves when it accepts connections. */
  async start(): Promise<void> {
    if (this.#running !== undefined) return;
    for (let tries = 1; ; tries++) {
      const port = this.#port ?? (await freePort());
      if (await this.#launch(port)) {
        this.#port = port;
        return;
      }
      if (!(await isTaken(port)) || tries === PORT_TRIES) throw await this.#failure('did not start');
      // Somebody was quicker. A server that had this port before waits for it, since its address is known to others.
      if (this.#port !== undefined) await delay(500);
    }
  }

  /** As an administrator would: open transactions are rolled back. Clients that hold it up are cut off after a while. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    signal(running.pid, 'SIGINT');
    if (!(await untilGone([running.pid], STOP_TIMEOUT_MS))) {
      signal(running.pid, 'SIGQUIT');
      if (!(await untilGone([running.pid], STOP_TIMEOUT_MS))) await this.kill9();
    }
    this.#ended(running);
  }

  /** As a machine that loses its power, but for the page cache: no process of the server runs another instruction. */
  async kill9(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    // Stopped first, so that no child is born between the listing and the killing.
    signal(running.pid, 'SIGSTOP');
    const pids = [running.pid, ...(await childrenOf(running.pid))];
    for (const pid of pids) signal(pid, 'SIGKILL');
    // A child that still runs holds the shared memory, and the next start would refuse.
    if (!(await untilGone(pids, STOP_TIMEOUT_MS))) throw await this.#failure('survived SIGKILL');
    this.#ended(running);
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Stops it and removes its folder. */
  async destroy(): Promise<void> {
    if (this.#running !== undefined) await this.kill9();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #initdb(): Promise<void> {
    const flags = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
    try {
      await run(this.binaries.initdb, [...flags, '-D', this.dataFolder], {
        ...this.#user,
        cwd: this.folder,
        env: serverEnvironment(),
        timeout: INITDB_TIMEOUT_MS,
      });
    } catch (cause) {
      const { stderr } = cause as { stderr?: string };
      throw new WalcastError('E_EMBEDDED_POSTGRES', `initdb failed: ${stderr?.trim() || String(cause)}`, { cause });
    }
  }

  /** False when the server ended before it was ready. */
  async #launch(port: number): Promise<boolean> {
    const log = await open(this.logFile, 'a');
    const child = spawn(this.binaries.postgres, ['-D', this.dataFolder, '-p', String(port)], {
      ...this.#user,
      cwd: this.folder,
      env: serverEnvironment(),
      // A session of its own: Ctrl-C in our terminal must not reach it before we decided what to do.
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    const failed = new Promise<Error>((resolve) => child.once('error', resolve));
    await log.close();
    if (child.pid === undefined) throw await this.#failure('could not be executed', await failed);
    child.unref();
    const { pid } = child;
    const guard = guardProcess(pid, { folder: this.folder, user: this.#user });
    const running: Running = { child, pid, guard };
    this.#running = running;
    child.once('exit', () => this.#ended(running));
    const end = Date.now() + START_TIMEOUT_MS;
    const pidFile = join(this.dataFolder, 'postmaster.pid');
    while (this.#running === running) {
      if (isReady(await readFile(pidFile, 'utf8').catch(() => ''), pid)) return true;
      if (Date.now() > end) {
        await this.kill9();
        throw await this.#failure(`was not ready after ${START_TIMEOUT_MS / 1000} s`);
      }
      await delay(10);
    }
    return false;
  }

  #ended(running: Running): void {
    running.guard.release();
    if (this.#running === running) this.#running = undefined;
  }

  async #failure(what: string, cause?: unknown): Promise<WalcastError> {
    const log = await readFile(this.logFile, 'utf8').catch(() => '');
    const tail = log.trim().split('\n').slice(-5).join(' | ');
    const message = `PostgreSQL ${this.binaries.version} ${what}${tail === '' ? '' : `; its log ends with: ${tail}`}`;
    return new WalcastError('E_EMBEDDED_POSTGRES', message, { cause, fields: { folder: this.folder } });
  }
}

/** Nothing of ours steers the server: no PG* variable, no locale, no time zone. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
}
