/** Covers the oldest default of distributions and the newest release; WALCAST_TEST_PG=14,15,16,17,18 covers all. */
const DEFAULT_MAJORS = [15, 18];
/** What else is supported. */
const OTHER_MAJORS = [14, 16, 17];

/** The PostgreSQL versions of this run, for `describe.each(testMajors())`. */
export function testMajors(): number[] {
  const chosen = process.env['WALCAST_TEST_PG'];
  if (chosen === undefined || chosen === '') return DEFAULT_MAJORS;
  const majors = chosen.split(',').map(Number);
  if (majors.some((major) => !Number.isInteger(major)))
    throw new Error(`WALCAST_TEST_PG=${chosen} is no list of versions`);
  return majors;
}

/** The versions that a run of the default ones takes a sample of; who chooses versions gets those, whole, and no others. */
export function sampledMajors(): number[] {
  const chosen = process.env['WALCAST_TEST_PG'];
  return chosen === undefined || chosen === '' ? OTHER_MAJORS : [];
}

/** For tests where one version is as good as another. */
export function newestMajor(): number {
  return Math.max(...testMajors());
}

export interface VersionPair {
  readonly source: number;
  readonly target: number;
}

/** Source and target of the same version, for each of this run. */
export function sameVersions(): VersionPair[] {
  return testMajors().map((major) => ({ source: major, target: major }));
}

/** The oldest and the newest version of this run; a run of one version takes another one beside it. */
export function versionsApart(): { readonly older: number; readonly newer: number } {
  const majors = testMajors();
  const [older, newer] = [Math.min(...majors), Math.max(...majors)];
  if (older < newer) return { older, newer };
  return newer > 15 ? { older: 15, newer } : { older: 14, newer: 15 };
}

/** Targets that are newer than their source: the longest way of this run, or all of the supported ones at night. */
export function upwardPairs(): VersionPair[] {
  const { older, newer } = versionsApart();
  if (process.env['WALCAST_NIGHTLY'] !== '1') return [{ source: older, target: newer }];
  const majors = [14, 15, 16, 17, 18];
  return majors.flatMap((source) => majors.filter((target) => target > source).map((target) => ({ source, target })));
}
