import { COMMAND_CASES } from './cases/commands/all-cases.ts';
import { commandSuite } from './cases/commands/command-suite.ts';

commandSuite(COMMAND_CASES.tables);
