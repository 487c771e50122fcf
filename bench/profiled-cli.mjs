/** The command line program under the sampling profiler: WALCAST_PROFILED names the program, WALCAST_PROFILE the file to write at exit. */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { pathToFileURL } from 'node:url';

const program = process.env.WALCAST_PROFILED;
const file = process.env.WALCAST_PROFILE;
const memory = setInterval(() => {
  const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
  samples.push({ rss, heapTotal, heapUsed, external, arrayBuffers });
}, 50).unref();
const samples = [];

const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.setSamplingInterval', { interval: 500 });
session.post('Profiler.start');
process.on('exit', () => {
  clearInterval(memory);
  session.post('Profiler.stop', (error, result) => {
    if (error !== null) throw error;
    writeFileSync(file, JSON.stringify(result.profile));
    writeFileSync(`${file}.memory.json`, JSON.stringify(samples));
  });
});
process.argv[1] = program;
await import(pathToFileURL(program).href);
