import { z } from 'zod';
import { parseDuration } from './duration.ts';
import { parseSize } from './size.ts';

/** A whole number that a variable gives as text. */
export const whole = (least: number, most: number) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value),
    z.int().min(least).max(most),
  );

/** Bytes, as a number or in PostgreSQL's units. */
export const size = (least: number) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? (parseSize(value) ?? value) : value),
    z.int({ error: 'has to be a number of bytes, such as 67108864 or 64MB' }).min(least),
  );

/** Milliseconds, within what PostgreSQL takes for its own timeouts. */
export const duration = z.preprocess(
  (value) => (typeof value === 'string' ? (parseDuration(value) ?? value) : value),
  z
    .int({ error: 'has to be a duration with its unit, such as 500ms, 30s, 5min or 2h; 0: no limit' })
    .min(0)
    .max(2_147_483_647),
);
