/** Covers the oldest default of distributions and the newest release; WALCAST_TEST_PG=14,15,16,17,18 covers all. */
const DEFAULT_MAJORS = [15, 18];

/** The PostgreSQL versions of this run, for `describe.each(testMajors())`. */
export function testMajors(): number[] {
  const chosen = process.env['WALCAST_TEST_PG'];
  if (chosen === undefined || chosen === '') return DEFAULT_MAJORS;
  const majors = chosen.split(',').map(Number);
  if (majors.some((major) => !Number.isInteger(major)))
    throw new Error(`WALCAST_TEST_PG=${chosen} is no list of versions`);
  return majors;
}

/** For tests where one version is as good as another. */
export function newestMajor(): number {
  return Math.max(...testMajors());
}
