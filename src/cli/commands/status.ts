import type { Register } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { writeJson, writeLines } from '../io.ts';
import { addConfigOptions, loadConfigFor, type ParsedOptions } from '../options.ts';
import { renderStatus } from '../render-status.ts';

const LIMIT_MS = 60_000;

export const registerStatus: Register = (program, { io, exit }) => {
  addConfigOptions(program.command('status'))
    .description(
      'show slot, lag, targets and what is wrong, with or without a running daemon; exit code 3 if anything is',
    )
    .option('--json', 'as JSON')
    .action(async (options: ParsedOptions) => {
      const loaded = await loadConfigFor(options, io);
      const [{ collectStatus }, { wantsColor }] = await Promise.all([
        import('../../app/status/collect-status.ts'),
        import('../../observe/logger.ts'),
      ]);
      const report = await collectStatus({ loaded, signal: AbortSignal.timeout(LIMIT_MS) });
      if (options['json'] === true) writeJson(io, report);
      else {
        const { columns = 120 } = io.stdout;
        writeLines(io.stdout, renderStatus(report, { color: wantsColor(io.stdout, io.env), width: columns }));
      }
      exit(report.ok ? EXIT.ok : EXIT.unhealthy);
    });
};
