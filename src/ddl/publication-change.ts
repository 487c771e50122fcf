import type { DdlEvent } from '../wal/ddl-event.ts';
import { lastIdentifier } from './statement-names.ts';

/** OWNER TO changes nothing of what a publication publishes. */
const HARMLESS = /\bowner\s+to\b/i;

/** What the event did to the named publication, in words; null: nothing that matters. */
export function publicationChange(event: DdlEvent, publication: string): string | null {
  if (event.kind === 'rows') return null;
  const { commands = [], dropped = [] } = event.details ?? {};
  if (dropped.some(({ type, identity }) => type === 'publication' && lastIdentifier(identity) === publication)) {
    return `publication ${publication} was dropped`;
  }
  const altered =
    event.tag === 'ALTER PUBLICATION' &&
    // A renamed publication is told by its new name only.
    ((/\brename\s+to\b/i.test(event.text ?? '') && (event.text ?? '').includes(publication)) ||
      commands.some(({ type, identity }) => type === 'publication' && lastIdentifier(identity ?? '') === publication));
  return altered && !HARMLESS.test(event.text ?? '') ? `publication ${publication} was altered` : null;
}
