import { ALTER_TABLE } from "./alter-table.js";
import { CREATE_TABLE } from "./create-table.js";
import { FUNCTIONS } from "./functions.js";
import { INDEXES } from "./indexes.js";
import { ODD_NAMES } from "./odd-names.js";
import { PARTITIONS } from "./partitions.js";
import { RIGHTS } from "./rights.js";
import { TYPES } from "./types.js";
import { VIEWS } from "./views.js";
/** The cases by the suite that runs them. */
export const COMMAND_CASES = {
    tables: [...CREATE_TABLE, ...PARTITIONS, ...ALTER_TABLE, ...INDEXES, ...VIEWS],
    objects: [...FUNCTIONS, ...TYPES, ...RIGHTS],
    names: ODD_NAMES,
};
