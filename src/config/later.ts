import { isRecord, type Path } from './document.ts';

export interface Refusal {
  readonly path: Path;
  readonly message: string;
}

/** What the file format names and this version does not do: refused by name, never ignored. */
export function refusals(value: unknown): Refusal[] {
  if (!isRecord(value)) return [];
  const found: Refusal[] = [];
  if (isRecord(value['source'])) found.push(...filterRefusals(value['source']['filter'], ['source', 'filter']));
  const targets = Array.isArray(value['targets']) ? value['targets'] : [];
  for (const [i, target] of targets.entries()) {
    if (!isRecord(target)) continue;
    for (const kind of ['kafka']) {
      if (kind in target)
        found.push({ path: ['targets', i, kind], message: `${kind} targets are not in this version` });
    }
    found.push(...filterRefusals(target['filter'], ['targets', i, 'filter']));
  }
  return found;
}

const FILTER_DEFAULTS: Readonly<Record<string, string>> = { include: '["*.*"]', exclude: '[]', schema_only: '[]' };

function filterRefusals(filter: unknown, path: Path): Refusal[] {
  if (!isRecord(filter)) return [];
  return Object.entries(filter)
    .filter(([key, value]) => key in FILTER_DEFAULTS && JSON.stringify(value) !== FILTER_DEFAULTS[key])
    .map(([key]) => ({
      path: [...path, key],
      message: `selecting tables is not in this version; leave it out (${key}: ${FILTER_DEFAULTS[key]})`,
    }));
}
