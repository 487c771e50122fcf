import { parseStatements } from '../../src/ddl/statements.ts';
import { COMMAND_CASES } from '../../test/pg/cases/commands/all-cases.ts';
import { type CommandStep, knownBy, stepText } from '../../test/pg/cases/commands/command-case.ts';
import { OBJECT_GROUPS } from '../../test/pg/cases/object-groups.ts';
import { REWRITE_GROUPS } from '../../test/pg/cases/rewrite-groups.ts';
import { STATEMENT_GROUPS } from '../../test/pg/cases/statement-groups.ts';

interface Tested {
  readonly name: string;
  readonly texts: readonly string[];
}

function refused(step: CommandStep): boolean {
  return typeof step !== 'string' && step.refused !== undefined;
}

const GROUPS: readonly Tested[] = [...STATEMENT_GROUPS, ...OBJECT_GROUPS, ...REWRITE_GROUPS].map(({ name, steps }) => ({
  name,
  texts: steps.filter((step) => typeof step === 'string'),
}));

const CASES: readonly Tested[] = Object.values(COMMAND_CASES)
  .flat()
  .map(({ name, steps }) => ({ name, texts: steps.filter((step) => !refused(step)).map(stepText) }));

/** Commands by tag, with the cases that send them: those made for them first. What blocks and functions run inside is not counted. */
export async function testedBy(): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const { name, texts } of [...CASES, ...GROUPS]) {
    const tags = new Set<string>();
    for (const text of texts) {
      // some are read otherwise under the settings that their case makes
      for (const { tag } of await parseStatements(text).catch(() => [])) tags.add(tag);
    }
    for (const tag of tags) found.set(tag, [...(found.get(tag) ?? []), name]);
  }
  for (const [tag, names] of found) {
    const own = (name: string): number => (name.includes(tag.toLowerCase()) ? 0 : 1);
    found.set(
      tag,
      names.sort((one, two) => own(one) - own(two)),
    );
  }
  return found;
}

/** How many cases each version runs, the groups of statements with both kinds of user apart. */
export function caseCounts(majors: readonly number[]): { readonly major: number; readonly cases: number }[] {
  const all = Object.values(COMMAND_CASES).flat();
  return majors.map((major) => ({ major, cases: all.filter((command) => knownBy(major, command)).length }));
}

export const GROUP_COUNT = GROUPS.length;
