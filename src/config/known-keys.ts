import { isRecord, type Path } from './document.ts';
import { configJsonSchema } from './schema.ts';

/** The keys that may stand at a path of the file, from the schema itself. */
export function knownKeys(path: Path): string[] {
  let node: unknown = configJsonSchema();
  for (const part of path) {
    if (!isRecord(node)) return [];
    const properties = node['properties'];
    node =
      typeof part === 'number' ? node['items'] : isRecord(properties) ? properties[part] : node['additionalProperties'];
  }
  const properties = isRecord(node) ? node['properties'] : undefined;
  return isRecord(properties) ? Object.keys(properties) : [];
}
