import { chmod, cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isWalcastError } from '../../../src/errors/walcast-error.ts';
import { compareDatabases } from '../compare.ts';
import { prepareSource, TestPipeline } from '../pipeline.ts';
import { type PrivateCluster, privateCluster } from '../test-databases.ts';
import { TestDatabase } from '../test-database.ts';
import { type Allowance, withoutAllowed } from './allowances.ts';
import { runPsql } from './psql-script.ts';
import { reassignment, serverCommandPieces } from './script.ts';
import { ServerObjects } from './server-objects.ts';

export interface FileResult {
  /** Why the target is not the source's equal; null: it is. */
  readonly failure: string | null;
  /** Commands that the source announced and the target replayed. */
  readonly commands: number;
  /** Of them those whose outcome had to be put right. */
  readonly repaired: readonly string[];
  /** Statements that the source itself refused, as many of the suite are meant to be. */
  readonly refused: number;
}

/** Every file finds the tables of this one. */
const SETUP = 'test_setup';
const DATABASE = 'regression';
const SLOT = 'walcast_regression';
const FILE_MS = 150_000;
const CATCH_UP_MS = 90_000;

/** As pg_regress sets them for the files' sessions. */
const SESSION = {
  PGTZ: 'PST8PDT',
  PGDATESTYLE: 'Postgres, MDY',
  PGOPTIONS: '-c intervalstyle=postgres_verbose',
} as const;
const DATABASE_SETTINGS = ['lc_messages', 'lc_monetary', 'lc_numeric', 'lc_time']
  .map((name) => `alter database ${DATABASE} set ${name} to 'C'`)
  .join(';');

interface Pair {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly pipeline: TestPipeline;
  readonly objects: ServerObjects;
}

/** PostgreSQL's own regression files, sent to a source one after another; its target is compared after each. */
export class RegressionRun {
  readonly #folder: string;
  readonly #clusters: readonly [PrivateCluster, PrivateCluster];
  #pair: Pair | null = null;

  private constructor(folder: string, clusters: readonly [PrivateCluster, PrivateCluster]) {
    this.#folder = folder;
    this.#clusters = clusters;
  }

  /** @param regress PostgreSQL's src/test/regress */
  static async create(regress: string, major: number): Promise<RegressionRun> {
    const folder = await mkdtemp(join(tmpdir(), 'walcast-regress-'));
    // The servers read and write there themselves, as another user.
    await chmod(folder, 0o755);
    for (const part of ['sql', 'data']) await cp(join(regress, part), join(folder, part), { recursive: true });
    await mkdir(join(folder, 'results'));
    await chmod(join(folder, 'results'), 0o777);
    const source = await privateCluster({ role: 'source', major });
    try {
      return new RegressionRun(folder, [source, await privateCluster({ role: 'target', major })]);
    } catch (error) {
      await source.dispose();
      throw error;
    }
  }

  /** One file, in the databases of those before it; after a failure the next one finds fresh databases. Without an allowance all of it. */
  async run(file: string, allowance?: Allowance): Promise<FileResult> {
    const pair = this.#pair ?? (await this.#fresh(file));
    this.#pair = null;
    try {
      const result = await this.#play(file, pair, allowance);
      // what differs on purpose would differ after every file that follows
      if (result.failure === null && allowance?.rowsOf === undefined && allowance?.objects === undefined)
        this.#pair = pair;
      return result;
    } finally {
      if (this.#pair === null) await drop(pair);
    }
  }

  async dispose(): Promise<void> {
    await this.#pair?.pipeline.stop();
    await Promise.all(this.#clusters.map((cluster) => cluster.dispose()));
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #play(
    file: string,
    { source, target, pipeline, objects }: Pair,
    allowance: Allowance = { file, because: '' },
  ): Promise<FileResult> {
    const last = await target.value('select coalesce(max(id), 0)::text from walcast.applied_ddl');
    const text = await readFile(join(this.#folder, 'sql', `${file}.sql`), 'utf8');
    const script = serverCommandPieces(withoutAllowed(text, allowance));
    let failure: string | null = null;
    const repeat = async (piece: string, done: boolean): Promise<void> => {
      if (failure !== null) return;
      try {
        await pipeline.caughtUp(CATCH_UP_MS);
        await objects.repeat();
        const reassigning = done ? reassignment(piece) : null;
        if (reassigning !== null) await target.query(reassigning);
      } catch (error) {
        failure = described(error);
      }
    };
    const { stderr } = await runPsql(script, repeat, {
      url: source.url(),
      cwd: this.#folder,
      env: {
        ...SESSION,
        PG_ABS_SRCDIR: this.#folder,
        PG_ABS_BUILDDIR: this.#folder,
        PG_LIBDIR: '/nonexistent',
        PG_DLSUFFIX: '.so',
      },
      timeoutMs: FILE_MS,
    });
    await repeat('', true);
    if (failure === null) {
      const { schema, rows } = await compareDatabases(source, target, { ignore: allowance });
      const found = [...objects.refused, ...rows, ...schema];
      if (found.length > 0) failure = found.slice(0, 40).join('\n');
    }
    const applied = await target.query(
      'select how, source from walcast.applied_ddl where id > $1::bigint order by id',
      [last ?? '0'],
    );
    return {
      failure,
      commands: applied.length,
      repaired: applied
        .filter(({ how }) => /owner corrected|degraded/.test(how ?? ''))
        .map(({ how, source: statement }) => `${how}: ${statement}`),
      refused: stderr.match(/^(?:psql:\S+ )?ERROR:/gm)?.length ?? 0,
    };
  }

  async #fresh(file: string): Promise<Pair> {
    const [from, to] = this.#clusters;
    const source = await TestDatabase.create(from.server, DATABASE);
    const target = await TestDatabase.create(to.server, DATABASE);
    for (const database of [source, target]) await database.query(DATABASE_SETTINGS);
    await prepareSource(source, SLOT);
    const objects = new ServerObjects(source, target);
    await objects.repeat();
    const pipeline = new TestPipeline({
      source,
      targets: [{ name: 'replica', url: target.url() }],
      slot: SLOT,
      ddl: { roles: 'create' },
    });
    const pair = { source, target, pipeline, objects };
    try {
      await pipeline.caughtUp(CATCH_UP_MS);
      if (file === SETUP) return pair;
      const { failure } = await this.#play(SETUP, pair);
      if (failure !== null) throw new Error(`${SETUP} fails: ${failure}`);
      return pair;
    } catch (error) {
      await drop(pair);
      throw error;
    }
  }
}

async function drop({ source, target, pipeline }: Pair): Promise<void> {
  await pipeline.stop();
  await source.dispose();
  await target.dispose();
}

function described(error: unknown): string {
  if (!isWalcastError(error)) return String(error);
  const { code, message, cause, fields } = error;
  return `${code}: ${message}\n${JSON.stringify(fields, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}\n${String(cause)}`;
}
