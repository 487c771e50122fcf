import type { SourceOptions } from '../app/check/source-options.ts';
import type { LoadedConfig } from '../config/load.ts';
import { deriveNames } from '../config/names.ts';

export function sourceOptions({ config }: LoadedConfig): SourceOptions {
  return { url: config.source.postgres.url, ...deriveNames(config) };
}
