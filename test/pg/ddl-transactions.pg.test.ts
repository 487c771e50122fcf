import { PROCEDURE_CASES } from './cases/sessions/procedures.ts';
import { SAVEPOINT_CASES } from './cases/sessions/savepoints.ts';
import { sessionSuite } from './cases/sessions/session-suite.ts';
import { TEXT_CASES } from './cases/sessions/texts.ts';

sessionSuite([...SAVEPOINT_CASES, ...PROCEDURE_CASES, ...TEXT_CASES]);
