import { readFileSync } from 'node:fs';
import { ConfigProblem } from './problem.ts';
import { isRecord, type Path } from './document.ts';
import { nearest } from './nearest.ts';
import { CONFIG_FILE_ENV, OPTIONS, type Flags, type OptionRow } from './options.ts';

export interface Override {
  readonly row: OptionRow;
  readonly value: string;
  /** `flag --source-url`, `env REPLICATE_SOURCE_URL`, `env REPLICATE_SOURCE_URL_FILE` */
  readonly origin: string;
}

/** What environment and flags say, the stronger one for each option. An empty variable is not set. */
export function readOverrides(flags: Flags, env: NodeJS.ProcessEnv): Override[] {
  const found: Override[] = [];
  for (const row of OPTIONS) {
    const flag = flags[row.key];
    const override =
      flag === undefined ? fromEnvironment(row, env) : { row, value: flag, origin: `flag ${row.flag.split(' ')[0]}` };
    if (override !== undefined) found.push(override);
  }
  return found;
}

function fromEnvironment(row: OptionRow, env: NodeJS.ProcessEnv): Override | undefined {
  const fileVariable = `${row.env}_FILE`;
  const [value, file] = [env[row.env], env[fileVariable]];
  if (value !== undefined && value !== '') {
    if (file !== undefined && file !== '') {
      throw new ConfigProblem(`${row.env} and ${fileVariable} are both set; keep one`, { key: row.path.join('.') });
    }
    return { row, value, origin: `env ${row.env}` };
  }
  if (file === undefined || file === '') return undefined;
  const origin = `env ${fileVariable}`;
  try {
    return { row, value: readFileSync(file, 'utf8').replace(/\r?\n$/, ''), origin };
  } catch (error) {
    throw new ConfigProblem(`cannot read ${file}: ${error instanceof Error ? error.message : ''}`, { origin }, error);
  }
}

/** The value with the overrides in it; `origins` gets an entry for each path that was set. */
export function applyOverrides(
  value: Record<string, unknown>,
  overrides: readonly Override[],
  origins: Map<string, string>,
): Record<string, unknown> {
  let result = value;
  for (const override of overrides) {
    if (override.row.path[0] === 'targets') checkOneTarget(result, override);
    const path = pathOf(override);
    result = setIn(result, path, override.value) as Record<string, unknown>;
    origins.set(path.join('.'), override.origin);
    if (path[0] !== 'targets') continue;
    if (setNameIfMissing(result)) origins.set('targets.0.name', override.origin);
  }
  return result;
}

const LATER_SCHEMES: Readonly<Record<string, string>> = { 'kafka:': 'kafka' };
const SEARCH_SCHEME = /^opensearch\+https?:/i;

/** The scheme of a target's URL tells what kind of target it is. */
export function pathOf({ row, value }: Pick<Override, 'row' | 'value'>): Path {
  return row.key === 'targetUrl' && SEARCH_SCHEME.test(value) ? ['targets', 0, 'opensearch', 'url'] : row.path;
}

function checkOneTarget(value: Record<string, unknown>, override: Override): void {
  const { origin } = override;
  const targets = value['targets'];
  if (Array.isArray(targets) && targets.length > 1) {
    throw new ConfigProblem(`sets the only target, but the file has ${targets.length}; set their urls there`, {
      origin,
    });
  }
  const later = LATER_SCHEMES[/^[a-z+]+:/i.exec(override.value)?.[0].toLowerCase() ?? ''];
  if (later !== undefined) throw new ConfigProblem(`${later} targets are not in this version`, { origin });
}

/** A target that only a flag or variable knows still needs a name for its checkpoint and metrics. */
export const ONLY_TARGET_NAME = 'replica';

function setNameIfMissing(value: Record<string, unknown>): boolean {
  const target: unknown = Array.isArray(value['targets']) ? value['targets'][0] : undefined;
  if (!isRecord(target) || 'name' in target) return false;
  target['name'] = ONLY_TARGET_NAME;
  return true;
}

function setIn(value: unknown, path: Path, leaf: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return leaf;
  if (typeof key === 'number') {
    const list: unknown[] = Array.isArray(value) ? [...value] : [];
    list[key] = setIn(list[key], rest, leaf);
    return list;
  }
  const record = isRecord(value) ? value : {};
  return { ...record, [key]: setIn(record[key], rest, leaf) };
}

/**
 * Variables that look like a slip of the pen. Only a warning: whoever starts the program may set others of this prefix, such as an orchestrator
 * for a service of that name.
 */
export function suspiciousVariables(env: NodeJS.ProcessEnv): string[] {
  const known = [CONFIG_FILE_ENV, ...OPTIONS.flatMap((row) => [row.env, `${row.env}_FILE`])];
  return Object.keys(env)
    .filter((name) => name.startsWith('REPLICATE_') && !known.includes(name))
    .flatMap((name) => {
      const meant = nearest(name, known);
      return meant === undefined ? [] : [`the environment variable ${name} is not known; did you mean ${meant}?`];
    });
}
