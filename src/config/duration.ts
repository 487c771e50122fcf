const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `30s`, in PostgreSQL's units (ms, s, min, h, d), which wants one but for 0; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,12})\s*(ms|s|min|h|d)?$/.exec(text.trim());
  if (match === null) return undefined;
  const count = Number(match[1]);
  const unit = UNITS[match[2] ?? (count === 0 ? 'ms' : '')];
  return unit === undefined ? undefined : count * unit;
}
