import { Writable } from 'node:stream';
import type { LoadedConfig } from '../../config/load.ts';
import type { Register } from '../command.ts';
import type { CliIo } from '../io.ts';
import { writeJson, writeLines } from '../io.ts';
import { addConfigOptions, loadConfigFor, type ParsedOptions } from '../options.ts';
import type { ProgressView } from '../progress/progress-view.ts';
import { listenForShutdown } from '../shutdown.ts';
import { keepYoungGenerationSmall } from '../young-generation.ts';

const INTERRUPTED = { SIGINT: 130, SIGTERM: 143 } as const;

export const registerSnapshot: Register = (program, { io, exit }) => {
  addConfigOptions(program.command('snapshot'))
    .description(
      'copy schema and rows as they are now, without following the source: no slot, nothing made there, a role that may read is enough',
    )
    .option('--target <name>', 'one target only; else all, one after the other')
    .option('--json', 'what was copied as JSON')
    .action(async (options: ParsedOptions) => {
      keepYoungGenerationSmall();
      let view: ProgressView | null = null;
      const shutdown = listenForShutdown({
        force: () => {
          view?.close();
          process.exit(interruptedCode(shutdown.received()));
        },
      });
      try {
        const loaded = await loadConfigFor(options, io);
        const [{ createLogger, wantsColor }, { runSnapshot }, { progressView }, { summaryLine }] = await Promise.all([
          import('../../observe/logger.ts'),
          import('../../app/snapshot/run-snapshot.ts'),
          import('../progress/progress-view.ts'),
          import('../progress/summary-line.ts'),
        ]);
        const logger = createLogger({
          level: loaded.config.log.level,
          format: formatOf(loaded),
          pipeline: loaded.config.name,
          secrets: loaded.secrets,
          stream: aboveProgress(io, () => view),
          color: wantsColor(io.stderr, io.env),
        });
        const target = options['target'];
        const copied = await runSnapshot({
          loaded,
          logger,
          signal: shutdown.signal,
          ...(typeof target === 'string' ? { target } : {}),
          onCopy: (name, progress) => {
            view?.close();
            view = progressView(io.stderr, io.env, { target: name, report: () => progress.report() });
          },
        });
        closeView(view);
        if (options['json'] === true) writeJson(io, copied);
        else writeLines(io.stdout, copied.map(summaryLine));
      } catch (error) {
        closeView(view);
        if (!shutdown.signal.aborted) throw error;
        io.stderr.write('replicate snapshot: cut off; the same command goes on where it was\n');
        exit(interruptedCode(shutdown.received()));
      } finally {
        shutdown.dispose();
      }
    });
};

/** A function of its own: TypeScript does not see that a callback has set the variable. */
function closeView(view: ProgressView | null): void {
  view?.close();
}

function interruptedCode(signal: NodeJS.Signals | undefined): number {
  return signal === 'SIGTERM' ? INTERRUPTED.SIGTERM : INTERRUPTED.SIGINT;
}

/** A person starts this one: JSON for who asks for it. */
function formatOf(loaded: LoadedConfig): 'json' | 'pretty' {
  return loaded.originOf(['log', 'format']) === 'default' ? 'pretty' : loaded.config.log.format;
}

/** Lines of the log go above the bars, not through them. */
function aboveProgress(io: CliIo, view: () => ProgressView | null): NodeJS.WritableStream {
  return new Writable({
    decodeStrings: false,
    write: (chunk: string | Buffer, _encoding, done) => {
      const text = chunk.toString();
      const shown = view();
      if (shown === null) io.stderr.write(text);
      else shown.note(text.replace(/\n$/, ''));
      done();
    },
  });
}
