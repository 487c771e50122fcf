import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quoteIdentifier } from '../../../../src/sql/quote.ts';
import { compareDatabases } from '../../../support/compare.ts';
import { sameVersions, type VersionPair } from '../../../support/majors.ts';
import { ReplayedPair } from '../replayed-pair.ts';
import { type CommandCase, knownBy } from './command-case.ts';

/** Reading two whole databases costs more than replaying a case: so many share one comparison. */
const COMPARED_TOGETHER = 12;
/** Between versions a comparison restores the source's schema as well. */
const COMPARED_BETWEEN_VERSIONS = 40;

/** The cases side by side in one database, each in a schema named after it, so that a difference names its case. */
export function commandSuite(cases: readonly CommandCase[], versions: readonly VersionPair[] = sameVersions()): void {
  describe.each(versions)('on PostgreSQL $source, replayed on $target', ({ source: major, target: targetMajor }) => {
    let pair: ReplayedPair;
    const told = new Set<string>();
    const differing: RegExp[] = [];

    beforeAll(async () => {
      pair = await ReplayedPair.create(major, {}, targetMajor);
    });
    afterAll(() => pair.dispose());

    async function replay(command: CommandCase): Promise<void> {
      const { source } = pair.databases;
      const client = await source.client(command.as === 'superuser' ? undefined : 'app');
      try {
        await send(command, client, major);
        await pair.catchUp();
      } catch (error) {
        // what is left of it must fail neither the next case nor the comparison
        await pair.dispose();
        pair = await ReplayedPair.create(major, {}, targetMajor);
        throw error;
      } finally {
        await client.end().catch(() => undefined);
      }
      differing.push(...(command.differs ?? []));
    }

    const known = cases.filter((command) => knownBy(major, command));
    const together = major === targetMajor ? COMPARED_TOGETHER : COMPARED_BETWEEN_VERSIONS;
    for (let at = 0; at < known.length; at += together) {
      const batch = known.slice(at, at + together);
      test.each(batch)('replays $name', replay);
      test(`both sides are equal after ${at + batch.length} cases`, async () => {
        const { source, target } = pair.databases;
        const { schema, rows } = await compareDatabases(source, target, { ignore: { objects: differing } });
        // each difference once, not after every batch that follows
        const found = [...schema, ...rows].filter((line) => !told.has(line));
        for (const line of found) told.add(line);
        expect(found).toEqual([]);
      });
    }
  });
}

async function send(command: CommandCase, client: pg.Client, major: number): Promise<void> {
  const schema = caseSchema(command);
  await client.query(`create schema ${schema}; set search_path = ${schema}, public`);
  for (const step of command.steps) {
    const { sql, refused, ...versions } = typeof step === 'string' ? { sql: step } : step;
    if (!knownBy(major, versions)) continue;
    const sqlstate = await client.query(sql).then(
      () => undefined,
      (error: unknown) => {
        const { code, message } = error as { code?: string; message: string };
        if (code !== refused) throw new Error(`the source refuses: ${sql}: ${message}`, { cause: error });
        return code;
      },
    );
    if (sqlstate !== refused) throw new Error(`the source should have refused with ${refused ?? ''}: ${sql}`);
  }
}

function caseSchema({ name }: CommandCase): string {
  return quoteIdentifier(
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '_')
      .slice(0, 63),
  );
}
