import { ALEMBIC } from './alembic.ts';
import { DJANGO } from './django.ts';
import { GOLANG_MIGRATE } from './golang-migrate.ts';
import { PGROLL } from './pgroll.ts';
import { PRISMA } from './prisma.ts';
import { RAILS } from './rails.ts';
import type { ToolHistory } from './tool-history.ts';
import { TYPEORM } from './typeorm.ts';

export const TOOL_HISTORIES: readonly ToolHistory[] = [PRISMA, RAILS, DJANGO, ALEMBIC, TYPEORM, GOLANG_MIGRATE, PGROLL];
