import { expect, it } from 'vitest';
import type { DdlCommandEvent } from '../wal/ddl-event.ts';
import { publicationChange } from './publication-change.ts';

const event = (parts: Partial<DdlCommandEvent>): DdlCommandEvent => ({
  v: 1,
  iso: false,
  server_version_num: 180000,
  at: '0/1',
  kind: 'ddl',
  phase: 'end',
  tag: 'ALTER PUBLICATION',
  caller: { role: 'r', search_path: 'public', settings: {} },
  text_id: '1:1',
  ...parts,
});
const altered = (identity: string, text: string): DdlCommandEvent =>
  event({ text, details: { commands: [{ tag: 'ALTER PUBLICATION', type: 'publication', identity }] } });

it.each<[string, DdlCommandEvent, boolean]>([
  [
    'dropped',
    event({
      tag: 'DROP PUBLICATION',
      details: { dropped: [{ class: 'pg_publication', oid: 1, type: 'publication', identity: 'ours' }] },
    }),
    true,
  ],
  [
    'another one dropped',
    event({
      tag: 'DROP PUBLICATION',
      details: { dropped: [{ class: 'pg_publication', oid: 1, type: 'publication', identity: 'theirs' }] },
    }),
    false,
  ],
  ['narrowed', altered('ours', "alter publication ours set (publish = 'insert')"), true],
  ['another one narrowed', altered('theirs', "alter publication theirs set (publish = 'insert')"), false],
  ['renamed', altered('gone', 'alter publication ours rename to gone'), true],
  ['another one renamed', altered('new', 'alter publication old rename to new'), false],
  ['given to another owner', altered('ours', 'ALTER PUBLICATION ours OWNER TO bob'), false],
])('a publication %s', (_, change, told) => {
  expect(publicationChange(change, 'ours') !== null).toBe(told);
});
