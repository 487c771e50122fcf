import { commandSuite } from './cases/commands/command-suite.ts';
import { FUNCTIONS } from './cases/commands/functions.ts';
import { RIGHTS } from './cases/commands/rights.ts';
import { TYPES } from './cases/commands/types.ts';

commandSuite([...FUNCTIONS, ...TYPES, ...RIGHTS]);
