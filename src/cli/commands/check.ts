import { Option } from 'commander';
import type { Register } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { painter } from '../format.ts';
import { writeJson, writeLines } from '../io.ts';
import { addConfigOptions, loadConfigFor, type ParsedOptions } from '../options.ts';

const LIMIT_MS = 60_000;

export const registerCheck: Register = (program, { io, exit }) => {
  addConfigOptions(program.command('check'))
    .description(
      'look at everything that init and run need on the source and the targets, changing nothing; exit code 3 if something is missing',
    )
    .addOption(new Option('--replica-identity <how>', 'as init would be called').choices(['auto', 'off']))
    .option('--json', 'as JSON')
    .action(async (options: ParsedOptions) => {
      const loaded = await loadConfigFor(options, io, 'none');
      const [{ checkSource }, { checkTargets }, { sourceOptions }, { wantsColor }] = await Promise.all([
        import('../../app/check/check-source.ts'),
        import('../../app/check/check-targets.ts'),
        import('../source-options.ts'),
        import('../../observe/logger.ts'),
      ]);
      const { replicaIdentity } = options;
      const findings = await checkSource({
        ...sourceOptions(loaded),
        ...(replicaIdentity === 'auto' || replicaIdentity === 'off' ? { replicaIdentity } : {}),
      });
      findings.push(...(await checkTargets(loaded.config, AbortSignal.timeout(LIMIT_MS))));
      const ok = findings.every(({ level }) => level !== 'error');
      if (options['json'] === true) writeJson(io, { ok, findings });
      else {
        const paint = painter(wantsColor(io.stdout, io.env));
        const labels = { ok: paint.good('ok     '), warning: paint.strong('warning'), error: paint.bad('error  ') };
        writeLines(
          io.stdout,
          findings.map(
            ({ level, what, cure }) => `${labels[level]}  ${what}${cure === '' ? '' : `\n         ${cure}`}`,
          ),
        );
      }
      exit(ok ? EXIT.ok : EXIT.unhealthy);
    });
};
