import { rowsOf } from '../../support/text-client.ts';
import type { TestDatabase } from '../../support/test-database.ts';

/** Every command tag that a server knows, and what its event triggers report. */
export interface ServerTags {
  readonly reported: ReadonlySet<string>;
  readonly unreported: ReadonlySet<string>;
}

/** Where every candidate ends: on an event trigger of this name, made before. */
const PROBE = `create function pg_temp.answers(tags text[]) returns table (tag text, answer text) language plpgsql as $probe$
begin
  foreach tag in array tags loop
    begin
      execute format('create event trigger probed on ddl_command_end when tag in (%L) execute function probed()', tag);
    exception when others then
      answer := sqlstate;
      return next;
    end;
  end loop;
end $probe$`;

const KNOWN_AND_REPORTED = '42710'; // a trigger of that name exists: everything else was accepted
const KNOWN = '0A000'; // event triggers are not supported for …

/**
 * A server lists its tags nowhere. Its program holds them as texts, so each text of that form is put to the server, which refuses to make an
 * event trigger for a word that is no tag. A linker may keep a text as the end of a longer one: ends count too.
 */
export async function serverTags(database: TestDatabase): Promise<ServerTags> {
  const [program] = await database.query(
    `select encode(pg_read_binary_file((select setting from pg_config where name = 'BINDIR') || '/postgres'), 'base64') as bytes`,
  );
  const texts = Buffer.from(program?.['bytes'] ?? '', 'base64').toString('latin1');
  const candidates = new Set<string>();
  for (const [, text = ''] of texts.matchAll(/([A-Z][A-Z ]{1,39})\0/g))
    for (let start = 0; start < text.length - 1; start++) if (text[start] !== ' ') candidates.add(text.slice(start));
  const client = await database.client();
  await client.query(`create function probed() returns event_trigger language plpgsql as 'begin end'`);
  await client.query('create event trigger probed on ddl_command_end execute function probed()');
  await client.query(PROBE);
  const answers = rowsOf(await client.query('select * from pg_temp.answers($1)', [[...candidates]]));
  await client.query('drop event trigger probed; drop function probed');
  const having = (state: string): Set<string> =>
    new Set(answers.filter(({ answer }) => answer === state).map(({ tag }) => tag ?? ''));
  return { reported: having(KNOWN_AND_REPORTED), unreported: having(KNOWN) };
}
