const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

/** `percent` as a bar of `width` columns; without Unicode in whole columns. */
export function bar(percent: number, width: number, unicode: boolean): string {
  const share = Math.min(1, Math.max(0, percent / 100));
  if (!unicode) {
    const full = Math.floor(share * width);
    return `[${'#'.repeat(full)}${'-'.repeat(width - full)}]`;
  }
  const eighths = Math.floor(share * width * 8);
  const part = EIGHTHS[eighths % 8] ?? '';
  return `${'█'.repeat(Math.floor(eighths / 8))}${part}`.padEnd(width, '░');
}
