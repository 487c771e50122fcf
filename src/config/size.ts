const UNITS: Readonly<Record<string, number>> = { '': 1, B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

/** Bytes of `64MB`, in PostgreSQL's units (1 kB = 1024 B); undefined for anything else. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,15})\s*([kKMGT]?B)?$/.exec(text.trim());
  const unit = UNITS[(match?.[2] ?? '').toUpperCase()];
  if (match === null || unit === undefined) return undefined;
  const bytes = Number(match[1]) * unit;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
