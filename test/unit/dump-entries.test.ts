import { describe, expect, it } from 'vitest';
import { diffEntries, dumpEntries } from '../support/dump-entries.ts';

const policy = (roles: string): string =>
  `--\n-- Name: item mine; Type: POLICY; Schema: zoo; Owner: app\n--\n\nCREATE POLICY mine ON zoo.item AS RESTRICTIVE FOR UPDATE TO ${roles} USING ((name = CURRENT_USER));\n`;

describe('entries of a dump', () => {
  it('hold the roles of a policy in one order, as pg_dump lists them in that of the server', () => {
    expect(diffEntries(dumpEntries(policy('bob, alice')), dumpEntries(policy('alice, bob')))).toEqual([]);
    expect(diffEntries(dumpEntries(policy('bob, alice')), dumpEntries(policy('alice, carol')))).not.toEqual([]);
  });
});
