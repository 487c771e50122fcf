/** Settings may name it in full or in part, flat or nested. */
const NAMES = ['index.mapping.total_fields.limit', 'mapping.total_fields.limit'];

/** What is wrong with a limit that a user has set himself; null: it is enough, or ours. */
export function fieldLimitProblem(fieldCount: number, settings: Readonly<Record<string, unknown>>): string | null {
  const chosen = NAMES.map((name) => valueAt(settings, name.split('.'))).find((value) => value !== undefined);
  if (chosen === undefined || Number(chosen) >= fieldCount) return null;
  return `needs ${fieldCount} fields (a column takes up to six: its own, sub-fields, and the names they are found by), but index.mapping.total_fields.limit is ${String(chosen)}`;
}

function valueAt(settings: unknown, path: readonly string[]): unknown {
  if (path.length === 0) return settings;
  if (typeof settings !== 'object' || settings === null) return undefined;
  // `{"index.mapping": {"total_fields.limit": 5}}` is taken too.
  for (let parts = path.length; parts > 0; parts--) {
    const inner = (settings as Readonly<Record<string, unknown>>)[path.slice(0, parts).join('.')];
    const value = inner === undefined ? undefined : valueAt(inner, path.slice(parts));
    if (value !== undefined) return value;
  }
  return undefined;
}
