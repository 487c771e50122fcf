import type { Path } from './document.ts';
import type { Config } from './schema.ts';

export interface Contradiction {
  readonly path: Path;
  readonly message: string;
}

/** What no single value shows. */
export function contradictions(config: Config, targets: 'needed' | 'none'): Contradiction[] {
  const found: Contradiction[] = [];
  if (targets === 'needed' && config.targets.length === 0) {
    found.push({
      path: ['targets'],
      message: 'at least one target is needed; give it in the file, as --target-url or as REPLICATE_TARGET_URL',
    });
  }
  const names = new Map<string, number>();
  for (const [i, target] of config.targets.entries()) {
    const first = names.get(target.name);
    if (first !== undefined) {
      found.push({ path: ['targets', i, 'name'], message: `target ${first + 1} has the same name, ${target.name}` });
    }
    names.set(target.name, first ?? i);
    if (databaseOf(target.postgres.url) === databaseOf(config.source.postgres.url)) {
      found.push({ path: ['targets', i, 'postgres', 'url'], message: 'names the same database as the source' });
    }
  }
  if (config.ddl.roles === 'map' && Object.keys(config.ddl.role_map).length === 0) {
    found.push({ path: ['ddl', 'role_map'], message: '`roles: map` needs a map, source role: target role' });
  }
  return found;
}

/** Enough to notice one url given twice; `run` compares the servers themselves. */
function databaseOf(text: string): string {
  const url = new URL(text);
  return `${url.hostname}:${url.port === '' ? '5432' : url.port}${url.pathname}?host=${url.searchParams.get('host') ?? ''}`;
}
