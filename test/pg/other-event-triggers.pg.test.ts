import { FOREIGN_TRIGGER_CASES } from './cases/sessions/foreign-triggers.ts';
import { sessionSuite } from './cases/sessions/session-suite.ts';

sessionSuite(FOREIGN_TRIGGER_CASES);
