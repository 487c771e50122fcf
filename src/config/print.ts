import { redactDeep } from '../errors/redact.ts';
import { isRecord, type Path } from './document.ts';
import type { LoadedConfig } from './load.ts';
import type { Config } from './schema.ts';

export interface PrintedSetting {
  readonly path: string;
  /** Redacted. */
  readonly value: unknown;
  /** `flag --name`, `env REPLICATE_NAME`, `walcast.yaml:3` or `default` */
  readonly origin: string;
}

/** A copy that may be shown: no password in it. */
export function redactConfig(config: Config, secrets: readonly string[] = []): Config {
  return redactDeep(config, secrets) as Config;
}

/** Every setting with where it came from, for `replicate config print`. */
export function printedSettings(loaded: LoadedConfig): PrintedSetting[] {
  const found: PrintedSetting[] = [];
  const visit = (value: unknown, path: Path): void => {
    const children =
      Array.isArray(value) && value.some(isRecord)
        ? [...value.entries()]
        : isRecord(value)
          ? Object.entries(value)
          : [];
    for (const [key, item] of children) visit(item, [...path, key]);
    if (children.length === 0) found.push({ path: path.join('.'), value, origin: loaded.originOf(path) });
  };
  visit(redactConfig(loaded.config, loaded.secrets), []);
  return found;
}
