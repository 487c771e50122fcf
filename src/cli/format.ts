const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** In PostgreSQL's units: 1 kB = 1024 B. */
export function bytesText(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

export function durationText(seconds: number): string {
  if (seconds < 10) return `${seconds === 0 ? 0 : seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** 180004 → 18.4 */
export function serverVersionText(version: number): string {
  return `${Math.floor(version / 10_000)}.${version % 10_000}`;
}

/** One line of a statement, cut. */
export function oneLine(text: string, width: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= width ? line : `${line.slice(0, Math.max(1, width - 1))}…`;
}

export interface Paint {
  good(text: string): string;
  bad(text: string): string;
  faint(text: string): string;
  strong(text: string): string;
}

const plain = (text: string): string => text;
const sgr =
  (code: number) =>
  (text: string): string =>
    `\u001b[${code}m${text}\u001b[0m`;

export function painter(color: boolean): Paint {
  if (!color) return { good: plain, bad: plain, faint: plain, strong: plain };
  return { good: sgr(32), bad: sgr(31), faint: sgr(2), strong: sgr(1) };
}
