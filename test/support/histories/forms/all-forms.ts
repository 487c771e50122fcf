import type { Form } from '../context.ts';
import { COLUMN_FORMS } from './columns.ts';
import { CONSTRAINT_FORMS } from './constraints.ts';
import { FUNCTION_FORMS } from './functions.ts';
import { INDEX_FORMS } from './indexes.ts';
import { OTHER_FORMS } from './others.ts';
import { PARTITION_FORMS } from './partitions.ts';
import { RIGHTS_FORMS } from './rights.ts';
import { ROW_FORMS } from './rows.ts';
import { TABLE_FORMS } from './tables.ts';
import { TYPE_FORMS } from './types.ts';
import { VIEW_FORMS } from './views.ts';

const DDL_FORMS: readonly Form[] = [
  ...TABLE_FORMS,
  ...COLUMN_FORMS,
  ...CONSTRAINT_FORMS,
  ...INDEX_FORMS,
  ...PARTITION_FORMS,
  ...TYPE_FORMS,
  ...VIEW_FORMS,
  ...FUNCTION_FORMS,
  ...RIGHTS_FORMS,
  ...OTHER_FORMS,
];

export const isRowForm = (form: Form): boolean => ROW_FORMS.includes(form);

/** Those that a version knows; each as often as its weight says. */
export function formsOf(major: number): readonly Form[] {
  return [...DDL_FORMS, ...ROW_FORMS].filter(({ since = 14 }) => since <= major);
}
