import { type DumpEntries, dumpEntries, dumpStatements } from './dump-entries.ts';
import { TestDatabase } from './test-database.ts';
import type { TestServer } from './servers.ts';

/**
 * The objects of a dump as another version of the server prints them: restored there, and dumped again. A version prints views, rules and
 * bodies otherwise than the one before; no rule of ours says how. What cannot be restored stays as it was printed, and so will differ.
 */
export async function restoredEntries(
  dump: string,
  server: TestServer,
  dumpAgain: (database: TestDatabase) => Promise<string>,
): Promise<DumpEntries> {
  const database = await TestDatabase.create(server);
  try {
    const lost = new Map<string, string>();
    const known = dumpEntries(dump);
    for (const { key, sql } of dumpStatements(dump)) {
      try {
        await database.query(sql);
      } catch (error) {
        const { code } = error as { code?: string };
        // the schema public and the language plpgsql are there already
        if (code !== '42P06' && code !== '42710')
          lost.set(key, `-- cannot be restored: ${String(error)}\n${known.get(key) ?? ''}`);
      }
    }
    return new Map([...dumpEntries(await dumpAgain(database)), ...lost]);
  } finally {
    await database.dispose();
  }
}

interface Rule {
  /** Holds for sources below this version. */
  readonly below: number;
  readonly apply: (key: string, text: string) => string;
}

/** What two versions say differently of the same object even so. Each rule is about one thing; a test shows that it hides nothing else. */
const RULES: Readonly<Record<string, Rule>> = {
  // Before 18 a NOT NULL has no name. On 18 the name tells of the table and column for which it was made: the parent of a partition, the table
  // before it was renamed. A restore cannot know it.
  'names of NOT NULL': {
    below: 18,
    apply: (key, text) =>
      /^(FOREIGN )?TABLE /.test(key)
        ? text.replace(/ CONSTRAINT (?:"(?:[^"]|"")*"|[\w$]+) NOT NULL(?=,?$)/gm, ' NOT NULL')
        : text,
  },
  // 17 brought the right MAINTAIN, which GRANT ALL has in it: whether a grantee has it depends on whether ALL was said, or all rights one by one.
  'the right MAINTAIN': { below: 17, apply: (key, text) => (/^ACL .*TABLE /.test(key) ? withoutMaintain(text) : text) },
};

const ALL_BUT_MAINTAIN = 'DELETE,INSERT,REFERENCES,SELECT,TRIGGER,TRUNCATE,UPDATE';

function withoutMaintain(acl: string): string {
  return acl
    .split('\n')
    .flatMap((line) => {
      const [head, action = '', rights = ''] = /^(GRANT|REVOKE) ([A-Z,]+) ON TABLE /.exec(line) ?? [];
      if (head === undefined) return [line];
      const named = rights === 'ALL' ? ALL_BUT_MAINTAIN.split(',') : rights.split(',');
      const kept = named.filter((right) => right !== 'MAINTAIN').sort();
      return kept.length === 0 ? [] : [`${action} ${kept.join(',')} ON TABLE ${line.slice(head.length)}`];
    })
    .filter((line) => line !== '')
    .join('\n');
}

/** The target's own text where it says the same as what is wanted of it but for what the rules name; else what is wanted. */
export function inVersion(sourceMajor: number, key: string, wanted: string, found: string | undefined): string {
  const rules = Object.values(RULES).filter(({ below }) => sourceMajor < below);
  const plain = (text: string): string => rules.reduce((changed, { apply }) => apply(key, changed), text);
  return found !== undefined && plain(wanted) === plain(found) ? found : wanted;
}
