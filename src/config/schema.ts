import { z } from 'zod';
import { DEFAULTS, LOG_FORMATS, LOG_LEVELS, ON_EXISTING, SNAPSHOT_MODES } from './options.ts';
import { parseListen } from './listen.ts';
import { duration, size, whole } from './scalars.ts';
import { searchTarget } from './search-target.ts';

const POSTGRES_SCHEMES = ['postgres:', 'postgresql:'];

const postgresUrl = z
  .string()
  .refine((text) => URL.canParse(text), {
    error: 'is not a URL; escape special characters of the password, such as / as %2F and @ as %40',
    abort: true,
  })
  .refine((text) => POSTGRES_SCHEMES.includes(new URL(text).protocol), {
    error: 'has to start with postgres:// or postgresql://',
    abort: true,
  })
  .refine((text) => text.startsWith(`${new URL(text).protocol}//`), { error: 'lacks the // after its scheme' })
  .describe('connection URL, postgres://user:password@host:port/database; TLS and timeouts as query parameters');

const identifier = z
  .string()
  .min(1)
  .refine((text) => Buffer.byteLength(text) <= 63 && !text.includes('\0'), { error: 'has to fit into 63 bytes' });

const patterns = z.array(z.string().min(1));

const filter = z.strictObject({
  include: patterns.default(['*.*']).describe('tables to follow'),
  exclude: patterns.default([]).describe('tables to leave out'),
  schema_only: patterns.default([]).describe('tables whose definition is followed but not their rows'),
});

const source = z.strictObject({
  postgres: z.strictObject({
    url: postgresUrl,
    binary: z.enum(['auto', 'off']).default('auto').describe('values in binary form where every side knows the type'),
    slot: z
      .string()
      .regex(/^[a-z0-9_]{1,63}$/, { error: 'may hold a-z, 0-9 and _ only, at most 63 of them' })
      .optional()
      .describe('replication slot; default: walcast_<name>'),
    publication: identifier.optional().describe('publication; default: walcast_<name>'),
  }),
  filter: filter.prefault({}),
});

const target = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, {
    error: 'has to begin with a letter or digit, then letters, digits, _ . - and at most 63 characters',
  }),
  postgres: z
    .strictObject({
      url: postgresUrl,
      flavor: z.enum(['postgres']).default('postgres').describe('which server speaks the protocol'),
    })
    .optional(),
  opensearch: searchTarget.optional(),
  ddl: z.enum(['apply', 'ignore']).default('apply').describe('whether schema changes are applied'),
  filter: filter.prefault({}),
});

const ddl = z.strictObject({
  roles: z
    .enum(['stop', 'create', 'map', 'skip-ownership'])
    .default('stop')
    .describe('what to do about a role that the target lacks'),
  role_map: z.record(identifier, identifier).default({}).describe('source role: target role, for `roles: map`'),
  concurrently: z
    .enum(['plain', 'concurrently'])
    .default('plain')
    .describe('CREATE and DROP INDEX CONCURRENTLY: plain inside the transaction, or as written and outside of it'),
  rows_role: identifier
    .optional()
    .describe(
      "a role of the target without superuser: writes rows of superusers' tables that reach a plain user's code",
    ),
  backfill_limit: size(0)
    .default(64 * 1024 * 1024)
    .describe('most bytes of one rewritten table that travel through the WAL'),
});

const snapshot = z.strictObject({
  mode: z
    .enum(SNAPSHOT_MODES)
    .default(DEFAULTS.snapshotMode)
    .describe('initial: a target without a checkpoint gets schema and rows first; never: it has them already'),
  on_existing: z
    .enum(ON_EXISTING)
    .default(DEFAULTS.onExisting)
    .describe(
      'a target that holds something: fail; append: its tables stay and get the rows as well; replace: built beside it, swapped at the end',
    ),
  workers: whole(1, 64)
    .default(DEFAULTS.workers)
    .describe('tables or ranges copied at once; each takes a connection to the source and one to the target'),
  schema_source: z
    .enum(['auto', 'pg_dump', 'catalog'])
    .default('auto')
    .describe(
      'who prints the first schema: pg_dump, or walcast from the catalog; auto: pg_dump if there is one that fits',
    ),
  pg_dump: z
    .string()
    .min(1)
    .optional()
    .describe('path of the pg_dump to use; default: the best one of PATH and of the usual packages'),
  range_size: size(1024 * 1024)
    .default(128 * 1024 * 1024)
    .describe('a larger table is copied in ranges of its key of about this size; what is lost by a crash'),
  lock_timeout: duration
    .default(2_000)
    .describe('how long a worker waits for ACCESS SHARE on a table of the source before it lets others go first'),
  statement_timeout: duration.default(0).describe('most that the source may take for one table or range; 0: no limit'),
  max_retained_wal: size(0)
    .default(0)
    .describe(
      'no rows are read while another slot in use, of a standby or a subscriber, keeps more WAL on the source; 0: no limit',
    ),
});

const migrations = z.strictObject({
  backup_dir: z
    .string()
    .min(1)
    .optional()
    .describe(
      'an existing folder for backups of the tables of walcast; default: walcast/backups among the files of state',
    ),
});

const server = z.strictObject({
  listen: z
    .string()
    .refine((text) => parseListen(text) !== undefined, {
      error: 'has to be host:port, such as 127.0.0.1:9464 or [::1]:9464',
    })
    .default(DEFAULTS.listen)
    .describe('address of health, metrics and status; port 0 takes any free one'),
});

const log = z.strictObject({
  level: z.enum(LOG_LEVELS).default(DEFAULTS.logLevel),
  format: z.enum(LOG_FORMATS).default(DEFAULTS.logFormat),
});

export const configSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[^\p{Cc}]{1,63}$/u, { error: 'has to have 1 to 63 characters' })
    .default(DEFAULTS.name)
    .describe('name of the pipeline; slot, publication, checkpoints and metric labels derive from it'),
  source,
  targets: z.array(target).max(64).default([]),
  snapshot: snapshot.prefault({}),
  ddl: ddl.prefault({}),
  migrations: migrations.prefault({}),
  server: server.prefault({}),
  log: log.prefault({}),
});

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** The whole configuration, complete, checked and deeply frozen. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;
export type TargetConfig = Config['targets'][number];

/** What `replicate config schema` prints; editors use it to complete and check the file. */
export function configJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(configSchema, { io: 'input' }), title: 'walcast configuration' };
}
