import { COMMAND_CASES } from './cases/commands/all-cases.ts';
import { commandSuite } from './cases/commands/command-suite.ts';
import { replaySuite } from './cases/replay-suite.ts';
import { upwardPairs } from '../support/majors.ts';

commandSuite(Object.values(COMMAND_CASES).flat(), upwardPairs());
replaySuite('app', upwardPairs());
