import type { ListedDdl } from '../../app/ddl/list-ddl.ts';
import type { Command } from 'commander';
import type { CommandContext, Register } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { writeJson, writeLines } from '../io.ts';
import { addConfigOptions, loadConfigFor, type ParsedOptions } from '../options.ts';

const LIMIT_MS = 60_000;
const DEFAULT_COUNT = '50';

export const registerDdl: Register = (program, { io, exit }) => {
  const ddl = program.command('ddl').description('schema changes that were replayed');
  addConfigOptions(ddl.command('list'))
    .description('show what was replayed on the targets: source text, what ran, how it was derived, position, duration')
    .option('--limit <count>', 'the latest ones, per target', DEFAULT_COUNT)
    .option('--target <name>', 'one target only')
    .option('--json', 'as JSON')
    .action(async (options: ParsedOptions) => {
      const loaded = await loadConfigFor(options, io);
      const { listDdl } = await import('../../app/ddl/list-ddl.ts');
      const target = options['target'];
      const entries = await listDdl({
        loaded,
        limit: Math.max(1, Math.min(10_000, Number(options['limit']) || Number(DEFAULT_COUNT))),
        ...(typeof target === 'string' ? { target } : {}),
        signal: AbortSignal.timeout(LIMIT_MS),
      });
      if (options['json'] === true) writeJson(io, entries);
      else writeLines(io.stdout, entries.flatMap(renderEntry));
      exit(EXIT.ok);
    });
  registerSkip(ddl, { io, exit });
};

function registerSkip(ddl: Command, { io, exit }: CommandContext): void {
  addConfigOptions(ddl.command('skip'))
    .description('let a target pass over one command at which it stopped; start the daemon again afterwards')
    .argument('<lsn>', 'position of the command, as the error names it')
    .requiredOption('--target <name>', 'the target that stopped')
    .action(async (lsn: string, options: ParsedOptions) => {
      const loaded = await loadConfigFor(options, io);
      const { skipDdl } = await import('../../app/ddl/skip-ddl.ts');
      const noted = await skipDdl({
        loaded,
        target: String(options['target']),
        lsn,
        signal: AbortSignal.timeout(LIMIT_MS),
      });
      writeLines(io.stdout, [
        noted === 0
          ? `${lsn} was noted before, or the target has no checkpoint of this pipeline`
          : `${lsn} will be passed over when the daemon is started again`,
      ]);
      exit(EXIT.ok);
    });
}

/** A head line, then what ran, indented; the source's text only where it differs. */
export function renderEntry(entry: ListedDdl): string[] {
  const head = `${entry.lsn}  ${entry.appliedAt}  ${entry.target}  ${entry.tag} by ${entry.role}  ${entry.milliseconds.toFixed(1)} ms  ${entry.how}`;
  const ran = entry.statement === null ? [] : indented(entry.statement);
  const differs = entry.source !== null && entry.source.trim() !== entry.statement?.trim();
  return [
    head,
    ...(differs && entry.source !== null ? ['    on the source:', ...indented(entry.source), '    ran:'] : []),
    ...ran,
  ];
}

function indented(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => `    ${line}`);
}
