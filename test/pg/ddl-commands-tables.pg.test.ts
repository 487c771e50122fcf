import { ALTER_TABLE } from './cases/commands/alter-table.ts';
import { commandSuite } from './cases/commands/command-suite.ts';
import { CREATE_TABLE } from './cases/commands/create-table.ts';
import { INDEXES } from './cases/commands/indexes.ts';
import { PARTITIONS } from './cases/commands/partitions.ts';
import { VIEWS } from './cases/commands/views.ts';

commandSuite([...CREATE_TABLE, ...PARTITIONS, ...ALTER_TABLE, ...INDEXES, ...VIEWS]);
