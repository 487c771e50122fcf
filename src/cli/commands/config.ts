import type { Register } from '../command.ts';
import { writeJson, writeLines } from '../io.ts';
import { addConfigOptions, loadConfigFor, type ParsedOptions } from '../options.ts';
import { table } from '../table.ts';

export const registerConfig: Register = (program, { io }) => {
  const config = program.command('config').description('what can be configured, and what is');

  config
    .command('schema')
    .description('print the JSON schema of the configuration file, for editors')
    .action(async () => {
      const { configJsonSchema } = await import('../../config/schema.ts');
      writeJson(io, configJsonSchema());
    });

  addConfigOptions(config.command('print'))
    .description('print every setting in force and where it comes from, passwords hidden')
    .option('--json', 'as JSON')
    .action(async (options: ParsedOptions) => {
      const loaded = await loadConfigFor(options, io, 'none');
      const { printedSettings } = await import('../../config/print.ts');
      const settings = printedSettings(loaded);
      if (options['json'] === true) {
        writeJson(io, settings);
        return;
      }
      const rows = settings.map(({ path, value, origin }) => [path, JSON.stringify(value) ?? '', origin]);
      writeLines(io.stdout, table(rows));
    });
};
