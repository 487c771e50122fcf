import type { Config, TargetConfig } from './schema.ts';

/** The kinds of target that a configuration may name, each by the key that it stands under. */
export const TARGET_KINDS = ['postgres', 'opensearch'] as const;
export type TargetKind = (typeof TARGET_KINDS)[number];

/** One of a kind: its settings are there. */
export type TargetOf<Kind extends TargetKind> = TargetConfig & {
  readonly [key in Kind]: NonNullable<TargetConfig[Kind]>;
};
export type PostgresTarget = TargetOf<'postgres'>;
export type SearchTarget = TargetOf<'opensearch'>;

export function isPostgres(target: TargetConfig): target is PostgresTarget {
  return target.postgres !== undefined;
}

export function isSearch(target: TargetConfig): target is SearchTarget {
  return target.opensearch !== undefined;
}

export function postgresTargets(config: Config): PostgresTarget[] {
  return config.targets.filter(isPostgres);
}

export function searchTargets(config: Config): SearchTarget[] {
  return config.targets.filter(isSearch);
}

/** Where a target's data goes; with the password that it may hold. */
export function targetUrl(target: TargetConfig): string {
  return target.postgres?.url ?? target.opensearch?.url ?? '';
}
