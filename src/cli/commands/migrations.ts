import { Argument, Option, type Command } from 'commander';
import type { MigrationSetReport } from '../../app/status/status-report.ts';
import { MIGRATION_SETS, type MigrationSet } from '../../migrate/migration.ts';
import type { CommandContext, Register } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { writeJson, writeLines } from '../io.ts';
import { addConfigOptions, loadConfigFor, type ParsedOptions, wholeNumber } from '../options.ts';
import { table } from '../table.ts';

const LIMIT_MS = 60_000;

export const registerMigrations: Register = (program, context) => {
  const migrations = program
    .command('migrations')
    .description('what walcast has installed in the schema walcast of source and targets');
  registerStatus(migrations, context);
  registerBaseline(migrations, context);
  registerBackup(migrations, context);
};

function registerStatus(migrations: Command, { io, exit }: CommandContext): void {
  addConfigOptions(migrations.command('status'))
    .description(
      'show each set with its version and what is applied, pending and failed; exit code 3 unless all is applied',
    )
    .option('--json', 'as JSON')
    .action(async (options: ParsedOptions) => {
      const loaded = await loadConfigFor(options, io, 'none');
      const { readAllMigrationSets } = await import('../../app/migrations/read-migration-sets.ts');
      const sets = await readAllMigrationSets(loaded, AbortSignal.timeout(LIMIT_MS));
      if (options['json'] === true) writeJson(io, sets);
      else writeLines(io.stdout, renderSets(sets));
      const done = sets.every(({ pending, failed, error }) => pending.length + failed.length === 0 && error === null);
      exit(done ? EXIT.ok : EXIT.unhealthy);
    });
}

function registerBaseline(migrations: Command, { io }: CommandContext): void {
  addConfigOptions(migrations.command('baseline'))
    .description('record migrations as applied without running them, where somebody did by hand what they do')
    .addOption(new Option('--set <set>', 'which set').choices([...MIGRATION_SETS]).makeOptionMandatory())
    .requiredOption('--upto <number>', 'the last migration that was done, such as 7', wholeNumber(0, 9_999))
    .option('--target <name>', 'for the set target, where there are several')
    .action(async (options: ParsedOptions) => {
      const loaded = await loadConfigFor(options, io, 'none');
      const { baselineSet } = await import('../../app/migrations/baseline-set.ts');
      const target = options['target'];
      const { set, recorded, skipped } = await baselineSet({
        loaded,
        set: options['set'] as MigrationSet,
        upTo: options['upto'] as number,
        target: typeof target === 'string' ? target : undefined,
        onWait: (message) => writeLines(io.stderr, [message]),
      });
      writeLines(io.stdout, [
        ...recorded.map((name) => `${set}/${name}`),
        `recorded ${recorded.length}, skipped ${skipped}`,
      ]);
    });
}

function registerBackup(migrations: Command, { io }: CommandContext): void {
  addConfigOptions(migrations.command('backup'))
    .description(
      'save the tables of the schema walcast, without the keys, to one SQL file a database; prints the paths',
    )
    .addOption(new Option('--side <side>', 'source or targets only').choices(['source', 'target']))
    .addArgument(new Argument('[target...]', 'some targets only'))
    .action(async (targets: readonly string[], options: ParsedOptions) => {
      const loaded = await loadConfigFor(options, io, 'none');
      const { backUpDatabases } = await import('../../app/migrations/back-up-databases.ts');
      const side = options['side'];
      await backUpDatabases({
        loaded,
        side: side === 'source' || side === 'target' ? side : undefined,
        targets,
        onWritten: (path) => writeLines(io.stdout, [path]),
        onNotice: (notice) => writeLines(io.stderr, [notice]),
      });
    });
}

function renderSets(sets: readonly MigrationSetReport[]): string[] {
  const rows = sets.map(({ set, database, version, applied, pending, failed }) => [
    set,
    database,
    version === null ? 'none' : String(version),
    ...[applied, pending, failed].map((list) => String(list.length)),
  ]);
  const more = sets.flatMap(({ set, database, pending, failed, error }) => [
    ...(pending.length === 0 ? [] : ['', `pending, ${set} on ${database}:`, ...pending.map((name) => `  ${name}`)]),
    ...(failed.length === 0 ? [] : ['', `failed, ${set} on ${database}:`, ...failed.map((name) => `  ${name}`)]),
    ...(error === null ? [] : ['', `${set} on ${database}: ${error.code}: ${error.message}`]),
    ...(error === null || error.hint === '' ? [] : [`  what to do: ${error.hint}`]),
  ]);
  return [...table([['set', 'database', 'version', 'applied', 'pending', 'failed'], ...rows]), ...more];
}
