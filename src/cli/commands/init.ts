import { Option } from 'commander';
import type { Register } from '../command.ts';
import { writeLines } from '../io.ts';
import { addConfigOptions, loadConfigFor, type ParsedOptions } from '../options.ts';

export const registerInit: Register = (program, { io }) => {
  addConfigOptions(program.command('init'))
    .description('prepare the source: triggers, identities, publication, slot; may be run again at any time')
    .addOption(
      new Option(
        '--replica-identity <how>',
        'auto: tables without a usable replica identity get one, now and later · off: they do not (bulk restores)',
      ).choices(['auto', 'off']),
    )
    .option('--force', 'go on although other readers of the changes of this database will see the tables of walcast')
    .option('--with-injector', 'also give every table an id that stays when it is renamed; search targets need it')
    .option('--rotate-key', 'sign the messages of the triggers with a new key; daemons that run fetch it by themselves')
    .action(async (options: ParsedOptions) => {
      const loaded = await loadConfigFor(options, io, 'none');
      const [{ initSource }, { sourceOptions }, { backupFolder }, { describeResult }] = await Promise.all([
        import('../../app/init/init-source.ts'),
        import('../source-options.ts'),
        import('../../app/migrations/backup-folder.ts'),
        import('../../migrate/migration.ts'),
      ]);
      const { replicaIdentity } = options;
      const report = await initSource({
        ...sourceOptions(loaded),
        ...(replicaIdentity === 'auto' || replicaIdentity === 'off' ? { replicaIdentity } : {}),
        ...(options['withInjector'] === true ? { sets: ['core', 'injector'] } : {}),
        rotateKey: options['rotateKey'] === true,
        force: options['force'] === true,
        backfillLimitBytes: loaded.config.ddl.backfill_limit,
        backupFolder: backupFolder(loaded),
        onStep: (step) => writeLines(io.stdout, [step]),
        onNotice: (notice) => writeLines(io.stderr, [notice]),
      });
      writeLines(io.stdout, [describeResult(...report.migrations)]);
      const warnings = report.findings.filter(({ level }) => level !== 'ok');
      writeLines(
        io.stderr,
        warnings.map(({ what, cure }) => `warning: ${what}${cure === '' ? '' : `\n  what to do: ${cure}`}`),
      );
    });
};
