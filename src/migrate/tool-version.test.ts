import { describe, expect, it } from 'vitest';
import { isOtherRelease, newestVersion } from './tool-version.ts';

describe('versions of this program', () => {
  it('are compared by number', () => {
    expect(newestVersion(['0.9.12', '0.10.0', '0.2.30'])).toBe('0.10.0');
    expect(newestVersion(['2.0.0', '10.0.0', '9.9.9'])).toBe('10.0.0');
    expect(newestVersion([])).toBeUndefined();
  });

  it.each([
    ['0.9.1', '0.10.0', true],
    ['0.9.1', '0.9.14', false],
    ['0.10.0', '0.1.0', true],
    ['1.2.3', '2.2.3', true],
    ['1.2.3-rc.1', '1.2.0', false],
    ['unreadable', '0.1.0', true],
  ])('%s and %s are of two releases: %s', (one, other, expected) => {
    expect(isOtherRelease(one, other)).toBe(expected);
    expect(isOtherRelease(other, one)).toBe(expected);
  });
});
