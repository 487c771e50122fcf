/** Writes docs/ddl.md from the tables of commands and the cases of the suites. A unit test fails when the file is stale. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { renderDdl } from './render-ddl.ts';

// launched in the root of the repository
writeFileSync(path.join(process.cwd(), 'docs', 'ddl.md'), await renderDdl());
