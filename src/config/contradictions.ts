import type { Path } from './document.ts';
import type { Config, TargetConfig } from './schema.ts';
import { TARGET_KINDS } from './targets.ts';

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
    found.push(...ofKind(target, config, ['targets', i]));
  }
  if (config.ddl.roles === 'map' && Object.keys(config.ddl.role_map).length === 0) {
    found.push({ path: ['ddl', 'role_map'], message: '`roles: map` needs a map, source role: target role' });
  }
  return found;
}

function ofKind(target: TargetConfig, config: Config, path: Path): Contradiction[] {
  const kinds = TARGET_KINDS.filter((kind) => target[kind] !== undefined);
  if (kinds.length !== 1) {
    const what = kinds.length === 0 ? 'is no kind of target' : `is ${kinds.join(' and ')} at once`;
    return [{ path, message: `target ${target.name} ${what}; give one of ${TARGET_KINDS.join(', ')}` }];
  }
  if (target.postgres !== undefined && databaseOf(target.postgres.url) === databaseOf(config.source.postgres.url))
    return [{ path: [...path, 'postgres', 'url'], message: 'names the same database as the source' }];
  if (target.opensearch === undefined) return [];
  const { auth, tls } = target.opensearch;
  const at = [...path, 'opensearch'];
  const found: Contradiction[] = [];
  if (auth.api_key !== undefined && auth.aws !== undefined)
    found.push({ path: [...at, 'auth'], message: '`api_key` and `aws` are both set; keep one' });
  if ((tls.cert === undefined) !== (tls.key === undefined))
    found.push({ path: [...at, 'tls'], message: '`cert` and `key` belong together; one of them is missing' });
  return found;
}

/** Enough to notice one url given twice; `run` compares the servers themselves. */
function databaseOf(text: string): string {
  const url = new URL(text);
  return `${url.hostname}:${url.port === '' ? '5432' : url.port}${url.pathname}?host=${url.searchParams.get('host') ?? ''}`;
}
