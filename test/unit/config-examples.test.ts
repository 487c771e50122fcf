import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';

const FOLDER = path.join(import.meta.dirname, '..', '..', 'config');
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));

describe('the examples in config/', () => {
  it('are there', () => {
    expect(FILES).toEqual(expect.arrayContaining(['postgres-to-postgres.yaml', 'postgres-to-two-postgres.yaml']));
  });

  it.each(FILES)('%s is a valid configuration, as it stands', (name) => {
    const { config } = loadConfig({ file: path.join(FOLDER, name) });
    expect(config.targets.length).toBeGreaterThan(0);
  });

  it('hold no password', () => {
    for (const name of FILES) expect(loadConfig({ file: path.join(FOLDER, name) }).secrets, name).toEqual([]);
  });
});
