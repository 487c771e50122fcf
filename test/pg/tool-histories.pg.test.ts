import { ALEMBIC } from './cases/histories/alembic.ts';
import { DJANGO } from './cases/histories/django.ts';
import { historySuite } from './cases/histories/history-suite.ts';
import { PRISMA } from './cases/histories/prisma.ts';
import { RAILS } from './cases/histories/rails.ts';
import { TYPEORM } from './cases/histories/typeorm.ts';

historySuite([PRISMA, RAILS, DJANGO, ALEMBIC, TYPEORM]);
