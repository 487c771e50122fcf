import { InvalidArgumentError, Option, type Command } from 'commander';
import type { LoadedConfig } from '../config/load.ts';
import { CONFIG_FILE_ENV, OPTIONS, optionHelp, type Flags } from '../config/options.ts';
import type { CliIo } from './io.ts';

/** What commander hands to an action, before it is looked at. */
export type ParsedOptions = Readonly<Record<string, unknown>>;

const CONFIG_GROUP = 'Configuration (flag > environment > file > default; each variable also as NAME_FILE):';

/** `-c FILE` and every setting of the option table, with variable and default in the help. */
export function addConfigOptions(command: Command): Command {
  command.addOption(
    new Option('-c, --config <file>', `configuration file (env ${CONFIG_FILE_ENV})`).helpGroup(CONFIG_GROUP),
  );
  for (const { flag, describe } of optionHelp()) command.addOption(new Option(flag, describe).helpGroup(CONFIG_GROUP));
  return command;
}

export function flagsOf(options: ParsedOptions): Flags {
  const given = OPTIONS.map(({ key }) => [key, options[key]] as const);
  return Object.fromEntries(given.filter(([, value]) => typeof value === 'string')) as Flags;
}

/** The module with the schema takes a while to load, so it is loaded by the commands that need it. */
export async function loadConfigFor(
  options: ParsedOptions,
  io: CliIo,
  targets: 'needed' | 'none' = 'needed',
): Promise<LoadedConfig> {
  const { loadConfig } = await import('../config/load.ts');
  const file = options['config'];
  return loadConfig({
    ...(typeof file === 'string' ? { file } : {}),
    flags: flagsOf(options),
    env: io.env,
    targets,
  });
}

/** A whole number within bounds, for commander. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,9}$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`It has to be a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}
