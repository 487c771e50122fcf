import type { Config } from '../../config/schema.ts';
import { bytesText, countText } from '../../observe/units.ts';
import type { CopySourceFacts, Locale } from './copy-source.ts';
import type { CopyTargetFacts } from './copy-target.ts';
import { error, ok, warning, type Finding } from './finding.ts';

const OLDEST = 140_000;
const SHOWN = 8;
/** Beside the workers: the snapshot itself, the catalogs, pg_dump. */
const OTHER_READERS = 3;
const OTHER_WRITERS = 2;

/** Judges whether all rows of a source can be read. Pure. */
export function copySourceFindings(
  facts: CopySourceFacts,
  settings: Config['snapshot'],
  options: { readonly streamed: boolean },
): Finding[] {
  const found: Finding[] = [];
  const { role } = facts;
  if (facts.version < OLDEST) {
    found.push(error(`PostgreSQL ${majorOf(facts)} is too old`, 'The source has to be PostgreSQL 14 or later.'));
  }
  found.push(
    facts.unreadable.length === 0
      ? ok(`${role} may read every table and sequence, about ${bytesText(facts.bytes)}`)
      : error(
          `${role} may not read ${listed(facts.unreadable)}`,
          `GRANT USAGE ON SCHEMA and SELECT to it, or GRANT pg_read_all_data TO ${role}.`,
        ),
  );
  if (facts.hidden.length > 0) {
    found.push(
      error(
        `row security would hide rows of ${listed(facts.hidden)} from ${role}`,
        `ALTER ROLE ${role} BYPASSRLS, or connect as a role that owns them; a copy that lacks rows is never made.`,
      ),
    );
  }
  if (facts.largeObjects > 0) {
    found.push(
      warning(
        `${countText(facts.largeObjects)} large object${facts.largeObjects === 1 ? ' is' : 's are'} not copied`,
        'Copy them with `pg_dump --large-objects` if the targets need them.',
      ),
    );
  }
  if (facts.unlogged.length > 0 && (options.streamed || facts.recovery)) {
    const why = facts.recovery ? 'a standby has no rows of them' : 'they are in no stream';
    found.push(
      warning(
        `rows of unlogged tables are not copied (${why}): ${listed(facts.unlogged)}`,
        'ALTER TABLE … SET LOGGED.',
      ),
    );
  }
  if (facts.cancelsReads) {
    found.push(
      warning(
        'this standby cancels reads that its recovery waits for (hot_standby_feedback is off)',
        'Set hot_standby_feedback = on, or max_standby_streaming_delay = -1 for the time of the copy.',
      ),
    );
  }
  found.push(...connections(facts.freeConnections, settings.workers + OTHER_READERS, 'the source'));
  if (options.streamed) found.push(...keptWal(facts));
  return found;
}

/** A copy takes as long as it takes, and the slot keeps what is written meanwhile. */
function keptWal({ keepBytes, bytes }: CopySourceFacts): Finding[] {
  if (keepBytes === null || keepBytes >= bytes) return [];
  return [
    warning(
      `during the initial copy of about ${bytesText(bytes)} the slot keeps all WAL, and max_slot_wal_keep_size is ${bytesText(keepBytes)}`,
      'If more is written meanwhile, the slot is lost and all starts over. Raise it, or set it to -1, until the targets have caught up.',
    ),
  ];
}

/** Judges whether the target can take all that the source has. Pure. */
export function copyTargetFindings(
  name: string,
  facts: CopyTargetFacts,
  source: CopySourceFacts,
  settings: Config['snapshot'],
): Finding[] {
  const missing = (what: string, names: readonly string[], there: ReadonlySet<string>, cure: string): Finding[] => {
    const absent = names.filter((each) => !there.has(each));
    return absent.length === 0 ? [] : [error(`it lacks ${what}: ${listed(absent)}`, cure)];
  };
  const extensions = source.extensions.map((extension) => extension.name);
  const found = [
    ...(facts.recovery ? [error('it is a standby', 'Connect to the primary.')] : []),
    ...contentFindings(facts, settings.on_existing),
    ...encodingFindings(source.locale, facts.locale),
    ...localeFindings(source, facts.locale),
    ...missing('extensions', extensions, facts.extensions, 'Install their files on the server of the target.'),
    ...missing('tablespaces', source.tablespaces, facts.tablespaces, 'CREATE TABLESPACE there, any place will do.'),
    ...missing(
      'collations of the operating system',
      source.collations,
      facts.collations,
      "Install the locales there, then SELECT pg_import_system_collations('pg_catalog').",
    ),
    ...downwardFindings(source, facts),
    ...connections(facts.freeConnections, settings.workers + OTHER_WRITERS, 'it'),
  ];
  return found.map((finding) => ({ ...finding, what: `target ${name}: ${finding.what}` }));
}

function contentFindings(facts: CopyTargetFacts, onExisting: Config['snapshot']['on_existing']): Finding[] {
  if (facts.begun) return [ok('a copy of this pipeline was begun there: it goes on where it was')];
  if (facts.holds === null) return [ok('it is empty')];
  const what = `it is not empty: ${facts.holds}`;
  switch (onExisting) {
    case 'fail':
      return [
        error(
          what,
          'Name an empty database; or --on-existing replace: the copy is built beside it and swapped in at the end; or append: its tables stay.',
        ),
      ];
    case 'append':
      return [warning(`${what}; append: they stay, and tables of the same name get the rows as well`, '')];
    case 'replace':
      return facts.mayReplace
        ? [warning(`${what}; replace: all of it goes once the copy is whole`, '')]
        : [
            error(
              `${facts.role} may not replace the database`,
              'It has to own the database, or be a member of its owner, and have CREATEDB.',
            ),
          ];
    default:
      return onExisting satisfies never;
  }
}

function encodingFindings(source: Locale, target: Locale): Finding[] {
  if (source.encoding === target.encoding) return [];
  if (source.encoding !== 'SQL_ASCII' && target.encoding === 'UTF8') {
    return [ok(`its encoding UTF8 holds all of the source's ${source.encoding}`)];
  }
  return [
    error(
      `its encoding ${target.encoding} cannot hold all that the source's ${source.encoding} can`,
      `Create the database with ENCODING '${source.encoding}' TEMPLATE template0.`,
    ),
  ];
}

function localeFindings(source: CopySourceFacts, target: Locale): Finding[] {
  const [there, here] = [localeText(target), localeText(source.locale)];
  if (there === here) return [];
  const cure = `Create the database with the source's locale (TEMPLATE template0) if that matters.`;
  const what = `text is ordered by ${there}, on the source by ${here}`;
  if (source.textRanges.length === 0) return [warning(what, cure)];
  return [
    warning(
      `${what}: rows of ${listed(source.textRanges)}, partitioned by ranges of text, may not fit their partitions`,
      cure,
    ),
  ];
}

const PROVIDERS: Readonly<Record<string, string>> = { c: 'libc', i: 'ICU', b: 'builtin' };

function localeText({ provider, collate, ctype, locale }: Locale): string {
  const name = PROVIDERS[provider] ?? provider;
  if (provider !== 'c') return `${name} ${locale}`;
  return `${name} ${spelled(collate)}${collate === ctype ? '' : `, ctype ${spelled(ctype)}`}`;
}

/** en_US.utf8 and en_US.UTF-8 are one. */
function spelled(locale: string): string {
  return locale.replace(/utf-?8$/i, 'UTF-8');
}

function downwardFindings(source: CopySourceFacts, target: CopyTargetFacts): Finding[] {
  if (majorOf(target) >= majorOf(source)) return [];
  return source.newer
    .filter(({ since }) => since > majorOf(target))
    .map(({ since, what, objects }) =>
      warning(
        `${what} need PostgreSQL ${since}: ${listed(objects)}`,
        'The statement that makes them will stop the copy. Change them on the source, or take a newer target.',
      ),
    );
}

function connections(free: number, needed: number, where: string): Finding[] {
  if (free >= needed) return [];
  return [
    warning(
      `${where} has ${Math.max(0, free)} free connections for this role, ${needed} are needed`,
      'Lower snapshot.workers, or raise max_connections or the limit of the role.',
    ),
  ];
}

function majorOf({ version }: { readonly version: number }): number {
  return Math.trunc(version / 10_000);
}

function listed(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return more > 0 ? `${names.slice(0, SHOWN).join(', ')} and ${countText(more)} more` : names.join(', ');
}
