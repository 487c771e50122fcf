import { createWholeTable } from '../../../schema/render-table.ts';
import type { DdlCommandEvent } from '../../../wal/ddl-event.ts';
import { dropRoots } from './drop-owned.ts';
import { type Plan, planOf } from './statement-plan.ts';

/**
 * The command rebuilt from what the event says of its result: for a statement whose text is lost, or which names something that only the
 * source's session had, such as LIKE of a temporary table. The comparison afterwards tells whether it was enough.
 */
export function fallbackPlan(event: DdlCommandEvent, cascade: boolean): Plan | null {
  const { tag, details } = event;
  if (tag === 'CREATE TABLE') {
    const tables = (details?.relations ?? []).filter(({ kind }) => kind === 'r' || kind === 'p');
    return tables.length === 0 ? null : planOf(tables.flatMap(createWholeTable), 'from catalog');
  }
  if (tag === 'CREATE INDEX') {
    const definition = details?.commands?.find(({ type }) => type === 'index')?.definition;
    return definition === undefined || definition.includes(' ON ONLY ') ? null : planOf([definition], 'from catalog');
  }
  if (tag.startsWith('DROP ')) {
    const drops = dropRoots(details?.dropped ?? [], cascade);
    return drops.length === 0 ? null : planOf(drops, 'from catalog');
  }
  return null;
}
