import { COMMAND_CASES } from './cases/commands/all-cases.ts';
import { commandSuite } from './cases/commands/command-suite.ts';
import { sampledMajors } from '../support/majors.ts';

commandSuite(COMMAND_CASES.names);

/** The versions that the default run only touches take turns: together they replay this share of all cases. */
const EVERY = 8;
const all = Object.values(COMMAND_CASES).flat();
sampledMajors().forEach((major, turn) => {
  const start = Math.floor((turn * EVERY) / 3);
  commandSuite(
    all.filter((_, at) => at % EVERY === start),
    [{ source: major, target: major }],
  );
});
