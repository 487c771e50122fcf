/** `npm run migrations:verify-files`: lints the migrations and writes what is stale beside them. */
import { writeVerifyFiles } from './write-verify-files.ts';

const { problems, stale, verifyFiles } = await writeVerifyFiles('migrations');
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else {
  for (const file of stale) console.log(`${verifyFiles.has(file) ? 'written' : 'removed'} migrations/${file}`);
  console.log(`${verifyFiles.size} verify files, ${stale.length} changed`);
}
