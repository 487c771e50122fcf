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
