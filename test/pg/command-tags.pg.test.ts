import { beforeAll, describe, expect, test } from 'vitest';
import { COMMAND_CLASSES } from '../../src/ddl/command-classes.ts';
import { UNREPORTED_COMMANDS } from '../../src/ddl/unreported-commands.ts';
import { testMajors } from '../support/majors.ts';
import { testDatabases } from '../support/test-databases.ts';
import { type ServerTags, serverTags } from './support/server-tags.ts';

interface Known {
  readonly since?: number;
  readonly until?: number;
}

describe.each(testMajors())('PostgreSQL %i', (major) => {
  let tags: ServerTags;
  beforeAll(async () => {
    const databases = await testDatabases({ major });
    tags = await serverTags(databases.source);
    await databases.dispose();
  });

  const expected = (table: ReadonlyMap<string, Known>): string[] =>
    [...table].flatMap(([tag, { since = 0, until = Infinity }]) => (since <= major && major <= until ? [tag] : []));

  test('every command that its event triggers report has a class, and no other', () => {
    expect([...tags.reported].sort()).toEqual(expected(COMMAND_CLASSES).sort());
  });

  test('every command that they do not report is listed with what becomes of it, and no other', () => {
    expect([...tags.unreported].sort()).toEqual(expected(UNREPORTED_COMMANDS).sort());
  });
});
