import { FLYWAY } from './cases/histories/flyway.ts';
import { GOLANG_MIGRATE } from './cases/histories/golang-migrate.ts';
import { historySuite } from './cases/histories/history-suite.ts';
import { PGROLL } from './cases/histories/pgroll.ts';
import { PSQL } from './cases/histories/psql.ts';

historySuite([FLYWAY, PGROLL, GOLANG_MIGRATE, PSQL]);
