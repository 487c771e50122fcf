/** Plays folders of migrations on a source while a pipeline follows, and compares: `npm run try:migrations -- --help`. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { stopOwnServers } from '../../test/support/broker.ts';
import { readHistory } from './read-history.ts';
import { tryHistory } from './try-history.ts';

const USAGE = `npm run try:migrations -- [options] FOLDER_OR_FILE…

Plays each folder's SQL files in the order of their names on a PostgreSQL of its own, while walcast brings them to another one, and compares
the two databases (pg_dump -s, all rows). Ends with 1 if any of them differs.

  --pg N        version of both servers (18)
  --every N     compare after so many files (10)
  --rows        put a few rows of made-up values into every table at each comparison
  --down        then go all the way down, where the files know it
  --superuser   as superuser; default: as a plain user who may create extensions that are trusted
  --ignore-rows NAME  of a table whose rows may differ, such as public.stats, a materialized view over now(); may be repeated
  --psql        by psql: for dumps, backslash commands, COPY with data`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pg: { type: 'string', default: '18' },
    every: { type: 'string', default: '10' },
    rows: { type: 'boolean', default: false },
    down: { type: 'boolean', default: false },
    superuser: { type: 'boolean', default: false },
    psql: { type: 'boolean', default: false },
    'ignore-rows': { type: 'string', multiple: true, default: [] },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || positionals.length === 0) {
  console.log(USAGE);
  process.exit(values.help ? 0 : 2);
}
const major = Number(values.pg);
process.env['WALCAST_TEST_PG'] = String(major);
let different = 0;
try {
  for (const folder of positionals) {
    const started = Date.now();
    const outcome = await tryHistory(readHistory(folder), {
      major,
      user: values.superuser ? undefined : 'app',
      every: Number(values.every),
      rows: values.rows,
      down: values.down,
      psql: values.psql,
      ignoreRows: values['ignore-rows'],
      report: values.quiet ? () => undefined : (line) => console.error(`  ${line}`),
    });
    if (outcome.difference !== null) different++;
    const { played, refused, commands, rows } = outcome;
    const seconds = Math.round((Date.now() - started) / 1000);
    const verdict = outcome.difference === null ? 'equal' : 'DIFFERENT';
    console.log(
      `${verdict}: ${path.relative('.', folder)}: ${played} files, ${refused} refused by the source, ${commands} schema changes, ${rows} rows put in, PostgreSQL ${major}, ${seconds} s`,
    );
    if (outcome.difference !== null) console.log(outcome.difference);
  }
} finally {
  await stopOwnServers();
}
process.exitCode = different === 0 ? 0 : 1;
