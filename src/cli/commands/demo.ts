import { fileURLToPath } from 'node:url';
import type { Register } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import type { CliIo } from '../io.ts';
import { wholeNumber, type ParsedOptions } from '../options.ts';

const SHORTEST_S = 10;
const LONGEST_S = 3_600;
const DEFAULT_S = 40;
/** What is left over when we are cut off here, the guards of the servers and of the daemon end. */
const FORCE_MS = 9_000;
const INTERRUPTED = { SIGINT: 130, SIGTERM: 143 } as const;

export const registerDemo: Register = (program, { io, exit }) => {
  program
    .command('demo')
    .description(
      'two PostgreSQL servers stay equal while writes, migrations and kill -9 go on; exit code 0 only if they are',
    )
    .option('--seconds <n>', `how long the writes go on (default ${DEFAULT_S})`, wholeNumber(SHORTEST_S, LONGEST_S))
    .option('--keep', 'write until Ctrl-C, then compare; a second Ctrl-C ends at once')
    .action(async (options: ParsedOptions) => {
      const keep = options['keep'] === true;
      const { runDemo } = await import('../../app/demo/run-demo.ts');
      const view = await viewFor(io);
      const finish = new AbortController();
      const abort = new AbortController();
      let interrupted: keyof typeof INTERRUPTED | undefined;
      const take = (name: NodeJS.Signals): void => {
        if (name === 'SIGINT' && keep && !finish.signal.aborted) {
          finish.abort();
          return;
        }
        if (interrupted !== undefined) {
          view.close();
          process.exit(INTERRUPTED[interrupted]);
        }
        interrupted = name === 'SIGINT' ? 'SIGINT' : 'SIGTERM';
        setTimeout(() => take(name), FORCE_MS).unref();
        abort.abort();
      };
      process.on('SIGINT', take);
      process.on('SIGTERM', take);
      try {
        const { equal } = await runDemo({
          program: fileURLToPath(new URL('../main.js', import.meta.url)),
          seconds: (options['seconds'] as number | undefined) ?? DEFAULT_S,
          keep,
          view,
          finish: finish.signal,
          signal: abort.signal,
        });
        exit(equal ? EXIT.ok : EXIT.failed);
      } catch (error) {
        if (interrupted === undefined) throw error;
        io.stderr.write('demo: cut off, everything it had started is gone\n');
        exit(INTERRUPTED[interrupted]);
      } finally {
        process.off('SIGINT', take);
        process.off('SIGTERM', take);
      }
    });
};

async function viewFor(io: CliIo) {
  const { wantsColor } = await import('../../observe/logger.ts');
  if (io.stdout.isTTY === true && io.env['TERM'] !== 'dumb') {
    const { liveView } = await import('../demo/live-view.ts');
    return liveView(io.stdout, wantsColor(io.stdout, io.env));
  }
  const { plainView } = await import('../demo/plain-view.ts');
  return plainView(io.stdout);
}
