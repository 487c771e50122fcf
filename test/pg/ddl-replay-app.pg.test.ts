import { replaySuite } from './cases/replay-suite.ts';

replaySuite('app');
