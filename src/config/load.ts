import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { z } from 'zod';
import { secretsOfUrls } from '../errors/redact.ts';
import { contradictions } from './contradictions.ts';
import { isRecord, parseConfigText, type ConfigDocument, type Path } from './document.ts';
import { ExpandError, expandVariables } from './expand.ts';
import { knownKeys } from './known-keys.ts';
import { refusals } from './later.ts';
import { nearest } from './nearest.ts';
import { CONFIG_FILE_ENV, type Flags } from './options.ts';
import { applyOverrides, pathOf, readOverrides, suspiciousVariables } from './overrides.ts';
import { configError, ConfigProblem } from './problem.ts';
import { configSchema, type Config } from './schema.ts';
import { targetUrl } from './targets.ts';

export interface LoadOptions {
  /** The file of `-c`; else the one that REPLICATE_CONFIG names; else none. */
  readonly file?: string | undefined;
  readonly flags?: Flags;
  readonly env?: NodeJS.ProcessEnv;
  /** `none` for commands that touch the source only. */
  readonly targets?: 'needed' | 'none';
}

export interface LoadedConfig {
  readonly config: Config;
  readonly file: string | undefined;
  /** Passwords of the configuration, for the logger to hide wherever they turn up. */
  readonly secrets: readonly string[];
  /** For files of our own that no setting gives a place: `$XDG_STATE_HOME/walcast`, else `~/.local/state/walcast`. */
  readonly stateFolder: string;
  /** To be logged once. */
  readonly warnings: readonly string[];
  /** Where the value at a path such as `source.postgres.url` came from. */
  originOf(path: Path): string;
}

/** Flags > environment > file > defaults. Throws E_CONFIG with every problem and its place. */
export function loadConfig(options: LoadOptions = {}): LoadedConfig {
  try {
    return load(options);
  } catch (error) {
    if (error instanceof ConfigProblem) throw configError([error]);
    throw error;
  }
}

function load(options: LoadOptions): LoadedConfig {
  const env = options.env ?? {};
  const file = options.file ?? (env[CONFIG_FILE_ENV] === '' ? undefined : env[CONFIG_FILE_ENV]);
  const document = file === undefined ? undefined : parseConfigText(readConfigFile(file), file);
  const origins = new Map<string, string>();
  const overrides = readOverrides(options.flags ?? {}, env);
  const overridden = new Set(overrides.map((each) => pathOf(each).join('.')));
  const expanded = document === undefined ? {} : expandAll(document, file, env, overridden);
  const value = applyOverrides(expanded, overrides, origins);

  const place = (path: Path) => placeOf(path, file, document, origins);
  const refused = refusals(value).map(({ path, message }) => new ConfigProblem(message, place(path)));
  if (refused.length > 0) throw configError(refused);
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) {
    // an unknown key is often the cause of a missing one: it comes first
    const unknownFirst = parsed.error.issues.toSorted((a, b) => unknownRank(a) - unknownRank(b));
    throw configError(unknownFirst.flatMap((issue) => problems(issue, place)));
  }
  const config: Config = deepFreeze(parsed.data);
  const wrong = contradictions(config, options.targets ?? 'needed').map(
    ({ path, message }) => new ConfigProblem(message, place(path)),
  );
  if (wrong.length > 0) throw configError(wrong);
  return {
    config,
    file,
    secrets: secretsOf(config),
    stateFolder: stateFolder(env),
    warnings: suspiciousVariables(env),
    originOf: (path) => originOf(path, file, document, expanded, origins),
  };
}

function secretsOf(config: Config): string[] {
  const urls = [config.source.postgres.url, ...config.targets.map(targetUrl)];
  const plain = config.targets.flatMap(({ opensearch }) => {
    const { api_key: key, aws } = opensearch?.auth ?? {};
    return [key, aws?.secret_access_key, aws?.session_token].filter((secret) => secret !== undefined);
  });
  return [...plain, ...secretsOfUrls(urls)].sort((a, b) => b.length - a.length);
}

/** https://specifications.freedesktop.org/basedir-spec: a relative path does not count. */
function stateFolder(env: NodeJS.ProcessEnv): string {
  const chosen = env['XDG_STATE_HOME'] ?? '';
  return join(isAbsolute(chosen) ? chosen : join(homedir(), '.local', 'state'), 'walcast');
}

function readConfigFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigProblem(`cannot be read: ${error instanceof Error ? error.message : ''}`, { file }, error);
  }
}

/** Expands every string; one that a flag or variable replaces is left out, so that its own variables need not be set. */
function expandAll(
  document: ConfigDocument,
  file: string | undefined,
  env: NodeJS.ProcessEnv,
  overridden: ReadonlySet<string>,
): Record<string, unknown> {
  const visit = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string') {
      if (overridden.has(path.join('.'))) return value;
      try {
        return expandVariables(value, env);
      } catch (error) {
        if (!(error instanceof ExpandError)) throw error;
        throw new ConfigProblem(error.message, { file, line: document.lineOf(path), key: path.join('.') }, error);
      }
    }
    if (Array.isArray(value)) return value.map((item, i) => visit(item, [...path, i]));
    if (!isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key])]));
  };
  return visit(document.value, []) as Record<string, unknown>;
}

type Place = ConfigProblem['place'];

function placeOf(
  path: Path,
  file: string | undefined,
  document: ConfigDocument | undefined,
  origins: ReadonlyMap<string, string>,
): Place {
  const key = path.join('.');
  const origin = origins.get(key);
  return origin === undefined ? { file, line: document?.lineOf(path), key } : { origin, key };
}

function unknownRank(issue: z.core.$ZodIssue): number {
  return issue.code === 'unrecognized_keys' ? 0 : 1;
}

function problems(issue: z.core.$ZodIssue, place: (path: Path) => Place): ConfigProblem[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? part.toString() : part));
  if (issue.code !== 'unrecognized_keys') {
    const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
    return [new ConfigProblem(missing ? missingText(path) : issue.message, place(path))];
  }
  const known = knownKeys(path);
  return issue.keys.map((key) => {
    const suggestion = nearest(key, known);
    const meant = suggestion === undefined ? `known here: ${known.join(', ')}` : `did you mean \`${suggestion}\`?`;
    return new ConfigProblem(`unknown key; ${meant}`, { ...place([...path, key]), suggestion });
  });
}

function missingText(path: Path): string {
  if (path[0] !== 'source') return 'is missing';
  return 'is missing; give it in the file, as --source-url or as REPLICATE_SOURCE_URL';
}

function originOf(
  path: Path,
  file: string | undefined,
  document: ConfigDocument | undefined,
  expanded: Record<string, unknown>,
  origins: ReadonlyMap<string, string>,
): string {
  const origin = origins.get(path.join('.'));
  if (origin !== undefined) return origin;
  let value: unknown = expanded;
  for (const part of path) {
    if (Array.isArray(value) && typeof part === 'number') value = value[part];
    else value = isRecord(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  }
  return value === undefined ? 'default' : `${file}:${document?.lineOf(path) ?? 1}`;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
}
