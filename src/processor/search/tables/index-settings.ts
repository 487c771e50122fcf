/** Grows with the columns. */
export const FIELD_LIMIT = 'index.mapping.total_fields.limit';
/** While an index is filled nobody searches it, and one copy of it is enough. */
export const LOADING = { refresh_interval: '-1', number_of_replicas: 0 };

/** `index.refresh_interval` and `refresh_interval` are the same setting. */
export function flat(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { index, ...rest } = settings;
  const entries = [...Object.entries(rest), ...Object.entries((index ?? {}) as object)];
  return Object.fromEntries(entries.map(([name, value]) => [name.replace(/^index\./, ''), value]));
}

export function without(
  settings: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(flat(settings)).filter(([name]) => !names.includes(name)));
}
