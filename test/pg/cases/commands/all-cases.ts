import { ALTER_TABLE } from './alter-table.ts';
import type { CommandCase } from './command-case.ts';
import { CREATE_TABLE } from './create-table.ts';
import { FUNCTIONS } from './functions.ts';
import { INDEXES } from './indexes.ts';
import { ODD_NAMES } from './odd-names.ts';
import { PARTITIONS } from './partitions.ts';
import { RIGHTS } from './rights.ts';
import { ROADS } from './roads.ts';
import { TYPES } from './types.ts';
import { VIEWS } from './views.ts';

/** The cases by the suite that runs them. */
export const COMMAND_CASES = {
  tables: [...CREATE_TABLE, ...PARTITIONS, ...ALTER_TABLE, ...INDEXES, ...VIEWS],
  objects: [...FUNCTIONS, ...TYPES, ...RIGHTS],
  names: [...ROADS, ...ODD_NAMES],
} satisfies Readonly<Record<string, readonly CommandCase[]>>;
