/**
 * Every setting that a flag or an environment variable can give, in one table: help text, names and defaults come from here, and
 * nothing else of the program reads the environment for them.
 */
export interface OptionRow {
  /** Name in the object of parsed flags. */
  readonly key: string;
  readonly flag: string;
  /** Read from this variable, or from the file that `<env>_FILE` names. */
  readonly env: string;
  /** Where the value stands in the file. */
  readonly path: readonly (string | number)[];
  readonly describe: string;
  readonly choices?: readonly string[];
  readonly default?: string;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export const LOG_FORMATS = ['json', 'pretty'] as const;
export const SNAPSHOT_MODES = ['initial', 'never'] as const;
export const ON_EXISTING = ['fail', 'append', 'replace'] as const;

export const DEFAULTS = {
  name: 'main',
  listen: '127.0.0.1:9464',
  logLevel: 'info',
  logFormat: 'json',
  snapshotMode: 'initial',
  onExisting: 'fail',
  workers: 4,
} as const;

export const OPTIONS = [
  {
    key: 'name',
    flag: '--name <name>',
    env: 'REPLICATE_NAME',
    path: ['name'],
    describe: 'name of the pipeline; slot, publication and checkpoints derive from it',
    default: DEFAULTS.name,
  },
  {
    key: 'sourceUrl',
    flag: '--source-url <url>',
    env: 'REPLICATE_SOURCE_URL',
    path: ['source', 'postgres', 'url'],
    describe: 'the database to follow, postgres://user@host:port/database',
  },
  {
    key: 'targetUrl',
    flag: '--target-url <url>',
    env: 'REPLICATE_TARGET_URL',
    path: ['targets', 0, 'postgres', 'url'],
    describe:
      'the only target, postgres://user@host:port/database or opensearch+https://host:port; several targets need a file',
  },
  {
    key: 'slot',
    flag: '--slot <name>',
    env: 'REPLICATE_SLOT',
    path: ['source', 'postgres', 'slot'],
    describe: 'replication slot, if not the one that the name gives',
  },
  {
    key: 'publication',
    flag: '--publication <name>',
    env: 'REPLICATE_PUBLICATION',
    path: ['source', 'postgres', 'publication'],
    describe: 'publication, if not the one that the name gives',
  },
  {
    key: 'snapshotMode',
    flag: '--snapshot-mode <mode>',
    env: 'REPLICATE_SNAPSHOT_MODE',
    path: ['snapshot', 'mode'],
    describe: 'whether a target without a checkpoint gets schema and rows first',
    choices: SNAPSHOT_MODES,
    default: DEFAULTS.snapshotMode,
  },
  {
    key: 'onExisting',
    flag: '--on-existing <what>',
    env: 'REPLICATE_ON_EXISTING',
    path: ['snapshot', 'on_existing'],
    describe: 'what the copy does about a target that holds something',
    choices: ON_EXISTING,
    default: DEFAULTS.onExisting,
  },
  {
    key: 'workers',
    flag: '--workers <count>',
    env: 'REPLICATE_WORKERS',
    path: ['snapshot', 'workers'],
    describe: 'tables or ranges that are copied at once',
    default: String(DEFAULTS.workers),
  },
  {
    key: 'listen',
    flag: '--listen <host:port>',
    env: 'REPLICATE_LISTEN',
    path: ['server', 'listen'],
    describe: 'address of health, metrics and status',
    default: DEFAULTS.listen,
  },
  {
    key: 'backupDir',
    flag: '--backup-dir <folder>',
    env: 'REPLICATE_BACKUP_DIR',
    path: ['migrations', 'backup_dir'],
    describe: 'where the tables of walcast are saved before a migration that cannot be undone',
  },
  {
    key: 'logLevel',
    flag: '--log-level <level>',
    env: 'REPLICATE_LOG_LEVEL',
    path: ['log', 'level'],
    describe: 'how much the log says',
    choices: LOG_LEVELS,
    default: DEFAULTS.logLevel,
  },
  {
    key: 'logFormat',
    flag: '--log-format <format>',
    env: 'REPLICATE_LOG_FORMAT',
    path: ['log', 'format'],
    describe: 'how the log looks',
    choices: LOG_FORMATS,
    default: DEFAULTS.logFormat,
  },
] as const satisfies readonly OptionRow[];

export type OptionKey = (typeof OPTIONS)[number]['key'];

/** What the command line gave; absent or undefined = not given. */
export type Flags = { readonly [key in OptionKey]?: string | undefined };

/** Name of the configuration file where no flag gives one. */
export const CONFIG_FILE_ENV = 'REPLICATE_CONFIG';

export interface OptionHelp {
  readonly flag: string;
  readonly describe: string;
}

/** One line of `--help` an option, with its variable and default. */
export function optionHelp(): OptionHelp[] {
  const rows: readonly OptionRow[] = OPTIONS;
  return rows.map((row) => {
    const notes = [`env ${row.env}`];
    if (row.choices !== undefined) notes.unshift(row.choices.join('|'));
    if (row.default !== undefined) notes.push(`default ${row.default}`);
    return { flag: row.flag, describe: `${row.describe} (${notes.join(', ')})` };
  });
}
