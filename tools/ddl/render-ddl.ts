import { COMMAND_CLASSES, type Replay } from '../../src/ddl/command-classes.ts';
import { type Effect, UNREPORTED_COMMANDS } from '../../src/ddl/unreported-commands.ts';
import { caseCounts, GROUP_COUNT, testedBy } from './tested-by.ts';

const MAJORS = [14, 15, 16, 17, 18] as const;
const SHOWN_CASES = 3;

const REPLAYS: Readonly<Record<Replay, string>> = {
  verbatim: 'its own statement',
  catalog: 'from the catalog',
  owned: 'object by object',
  extension: 'its own statement, version pinned',
  ignore: 'ignored',
  stop: 'stops the target',
};

const EFFECTS: Readonly<Record<Effect, string>> = {
  rows: 'what it changes are rows: they are in the stream',
  inner: 'the commands inside are reported themselves',
  none: 'no change of a database, or of storage only',
  server: 'belongs to the server as a whole: not replicated',
  lost: 'changes the database and is not replicated as such',
};

const HEAD = `# Commands

What a target does with each command of the source. An event trigger reports a command by its tag; the tables hold every tag that PostgreSQL ${MAJORS[0]} to ${MAJORS.at(-1) ?? ''}
know, and a test on real servers fails when one knows a tag that is not here. A command that a later version brings stops a target with \`E_DDL_UNSUPPORTED\`:
nothing is passed over in silence. What is not replicated as you may expect: [limits.md](limits.md).

*Tested by* names cases of \`test/pg/cases\`: both databases are compared after them, \`pg_dump -s\` and rows. What blocks and functions run is tested too,
but not counted here. Beside them, random histories (\`test/pg/random-histories.pg.test.ts\`): over 120 forms of statements by four roles, with rows between
them, in transactions with savepoints, blocks, functions and queries of several statements, under odd names; both databases are compared after each, and
nothing may have been repaired. A sample runs with every change, 10,000 by \`npm run test:nightly\`; one that fails is shrunk to a script for psql.
Every change is tried on 15 and 18 whole, on 14, 16 and 17 with a sample of the cases and of the histories; all is tried on all of them every night.

Generated from \`src/ddl\` and the cases by \`npm run docs:ddl\`; a test holds all together.
`;

interface Versioned {
  readonly since?: number;
  readonly until?: number;
}

function versions({ since = MAJORS[0], until = MAJORS.at(-1) ?? 0 }: Versioned): string {
  return since === until ? String(since) : `${since}–${until}`;
}

function shown(names: readonly string[]): string {
  const first = names.slice(0, SHOWN_CASES).join(' · ');
  return names.length > SHOWN_CASES ? `${first} · ${names.length - SHOWN_CASES} more` : first;
}

/** docs/ddl.md as it has to be. */
export async function renderDdl(): Promise<string> {
  const tested = await testedBy();
  const reported = [...COMMAND_CLASSES].map(([tag, known]) => {
    const why = known.why === undefined ? '' : `: ${known.why}`;
    const replay = known.unused === true ? 'no statement has this tag' : `${REPLAYS[known.replay]}${why}`;
    return `| \`${tag}\` | ${versions(known)} | ${replay} | ${shown(tested.get(tag) ?? [])} |`;
  });
  const unreported = [...UNREPORTED_COMMANDS].map(([tag, known]) => {
    const why = known.why === undefined ? '' : `: ${known.why}`;
    return `| \`${tag}\` | ${versions(known)} | ${EFFECTS[known.effect]}${why} |`;
  });
  const counts = caseCounts(MAJORS).map(({ major, cases }) => `| ${major} | ${cases} | ${GROUP_COUNT} |`);
  return [
    HEAD,
    '| PostgreSQL | cases from the pages of the commands | groups by the road a statement takes, each as plain user and as superuser |',
    '|---|---|---|',
    ...counts,
    '\n## Reported by event triggers\n',
    '| command | versions | on the target | tested by |',
    '|---|---|---|---|',
    ...reported,
    '\n## Not reported\n',
    '| command | versions | what becomes of it |',
    '|---|---|---|',
    ...unreported,
    '',
  ].join('\n');
}
