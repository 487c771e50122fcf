import { createRequire } from 'node:module';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** Of this program; recorded with each migration that it applies. */
export const TOOL_VERSION = version;

/** Major and minor number decide; patches of one minor version change nothing that has to be saved from them. */
export function isOtherRelease(one: string, other: string): boolean {
  return compareReleases(one, other) !== 0;
}

/** By number: 0.10 comes after 0.9. */
export function newestVersion(versions: readonly string[]): string | undefined {
  return versions.toSorted(compareReleases).at(-1);
}

function compareReleases(one: string, other: string): number {
  const [a, b] = [release(one), release(other)];
  return a.major - b.major || a.minor - b.minor;
}

function release(text: string): { readonly major: number; readonly minor: number } {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  return { major: Number(major ?? -1), minor: Number(minor ?? -1) };
}
