import { createInterface } from 'node:readline/promises';
import { Option } from 'commander';
import { WalcastError } from '../../errors/walcast-error.ts';
import type { LoadedConfig } from '../../config/load.ts';
import { isPostgres, isSearch, targetUrl } from '../../config/targets.ts';
import type { Register } from '../command.ts';
import type { CliIo } from '../io.ts';
import { writeLines } from '../io.ts';
import { addConfigOptions, loadConfigFor, type ParsedOptions } from '../options.ts';
import { exitCodeOf, reportError } from '../report-error.ts';

export const registerDestroy: Register = (program, { io, exit }) => {
  addConfigOptions(program.command('destroy'))
    .description('remove slot, publication, triggers and checkpoints of the pipeline, and nothing else; the data stays')
    .option('--yes', 'without being asked')
    .addOption(
      new Option('--set <set>', 'remove these objects of walcast from the source, and nothing else').choices([
        'injector',
      ]),
    )
    .action(async (options: ParsedOptions) => {
      const loaded = await loadConfigFor(options, io, 'none');
      const [{ destroySource }, { destroyTarget }, { destroySearch }, { sourceOptions }] = await Promise.all([
        import('../../app/destroy/destroy-source.ts'),
        import('../../app/destroy/destroy-target.ts'),
        import('../../app/destroy/destroy-search.ts'),
        import('../source-options.ts'),
      ]);
      const set = options['set'] === 'injector' ? options['set'] : undefined;
      if (options['yes'] !== true && !(await confirmed(io, await questionOf(loaded, set)))) {
        io.stderr.write('nothing was removed\n');
        exit(1);
        return;
      }
      const say = (where: string) => (step: string) => writeLines(io.stdout, [`${where}: ${step}`]);
      // the source first: while a daemon reads the slot nothing must go
      const onNotice = (notice: string): void => writeLines(io.stderr, [notice]);
      const source = { ...sourceOptions(loaded), onStep: say('source'), onNotice };
      await destroySource(set === undefined ? source : { ...source, set });
      if (set !== undefined) return;
      for (const target of loaded.config.targets) {
        const { name: pipeline } = loaded.config;
        const onStep = say(`target ${target.name}`);
        try {
          if (isPostgres(target)) await destroyTarget({ url: target.postgres.url, pipeline, onStep, onNotice });
          else if (isSearch(target))
            await destroySearch({ target, sourceUrl: loaded.config.source.postgres.url, pipeline, onStep });
        } catch (error) {
          // one that cannot be reached keeps nobody from cleaning the others
          reportError(io.stderr, error, { debug: false, secrets: loaded.secrets });
          exit(exitCodeOf(error));
        }
      }
    });
};

async function questionOf({ config }: LoadedConfig, set: string | undefined): Promise<string> {
  const { describeUrl } = await import('../../postgres/client.ts');
  const source = describeUrl(config.source.postgres.url);
  if (set !== undefined) return `remove the ${set} from ${source}`;
  const places = [source, ...config.targets.map((target) => describeUrl(targetUrl(target)))];
  return `remove pipeline ${config.name} from ${places.join(', ')}`;
}

async function confirmed(io: CliIo, question: string): Promise<boolean> {
  if (process.stdin.isTTY !== true || io.stderr.isTTY !== true) {
    throw new WalcastError('E_CONFIG', `this would ${question}`, { hint: 'Add --yes to do it.' });
  }
  const dialog = createInterface({ input: process.stdin, output: io.stderr });
  try {
    return /^y(es)?$/i.test((await dialog.question(`${question}? [y/N] `)).trim());
  } finally {
    dialog.close();
  }
}
