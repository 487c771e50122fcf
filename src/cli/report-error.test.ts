import { expect, it } from 'vitest';
import { WalcastError } from '../errors/walcast-error.ts';
import { describeError, exitCodeOf } from './report-error.ts';

const conflict = new WalcastError('E_TARGET_CONFLICT', 'update hit 0 rows', {
  cause: new Error('inner'),
  fields: { target: 'replica', table: 'public.t', lsn: '0/1A2B', other: 'not shown' },
  hint: 'Compare the row.',
});

it('tells code, what, where and what to do, without a stack', () => {
  expect(describeError(conflict, { debug: false })).toEqual([
    'error E_TARGET_CONFLICT: update hit 0 rows',
    '  target: replica',
    '  table: public.t',
    '  lsn: 0/1A2B',
    '  what to do: Compare the row.',
  ]);
});

it('adds stacks of the error and of its causes when debugging', () => {
  const text = describeError(conflict, { debug: true }).join('\n');
  expect(text).toMatch(/^ {4}at /m);
  expect(text).toContain('caused by Error: inner');
});

it('has an exit code for everything', () => {
  expect(exitCodeOf(conflict)).toBe(1);
  expect(exitCodeOf(new WalcastError('E_SLOT_LOST', ''))).toBe(3);
  expect(exitCodeOf(new WalcastError('E_SOURCE_CONNECTION', ''))).toBe(75);
  expect(exitCodeOf('thrown text')).toBe(1);
});
