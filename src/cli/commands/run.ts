import type { Register } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { addConfigOptions, loadConfigFor, type ParsedOptions } from '../options.ts';
import { exitCodeOf } from '../report-error.ts';
import { listenForShutdown } from '../shutdown.ts';
import { keepYoungGenerationSmall } from '../young-generation.ts';

export const registerRun: Register = (program, { io, exit }) => {
  addConfigOptions(program.command('run'))
    .description('replicate until SIGTERM or Ctrl-C; ends within 10 s of it')
    .action(async (options: ParsedOptions) => {
      keepYoungGenerationSmall();
      const shutdown = listenForShutdown({
        force: (why) => {
          io.stderr.write(
            `replicate run: cut off, ${why}; nothing is lost, the next start goes on from the checkpoints\n`,
          );
          process.exit(EXIT.failed);
        },
      });
      try {
        const loaded = await loadConfigFor(options, io);
        const [{ createLogger, wantsColor }, { runPipeline }] = await Promise.all([
          import('../../observe/logger.ts'),
          import('../../app/run/run.ts'),
        ]);
        const { level, format } = loaded.config.log;
        const logger = createLogger({
          level,
          format,
          pipeline: loaded.config.name,
          secrets: loaded.secrets,
          stream: io.stderr,
          color: wantsColor(io.stderr, io.env),
        });
        for (const warning of loaded.warnings) logger.warn(warning);
        try {
          await runPipeline({ loaded, logger, signal: shutdown.signal });
        } catch (error) {
          if (shutdown.signal.aborted) return;
          // whoever reads JSON gets JSON; a person gets the same words as from every other command
          if (format === 'pretty') throw error;
          logger.fatal({ err: error }, 'walcast ends');
          exit(exitCodeOf(error));
        }
      } finally {
        shutdown.dispose();
      }
    });
};
