import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { compareCatalogs } from './compare-catalogs.ts';

const run = promisify(execFile);

/** Version of the pg_dump on this machine, if it can read servers of that major version; null otherwise. */
export async function usablePgDump(serverMajor: number): Promise<string | null> {
  try {
    const { stdout } = await run('pg_dump', ['--version'], { timeout: 10_000 });
    const [, version, major] = /((\d+)[.\w]*)/.exec(stdout) ?? [];
    return version !== undefined && Number(major) >= serverMajor ? version : null;
  } catch {
    return null;
  }
}

export async function compareDumps(sourceUrl: string, targetUrl: string): Promise<string[]> {
  const [source, target] = await Promise.all([dump(sourceUrl), dump(targetUrl)]);
  return compareCatalogs(dumpEntries(source), dumpEntries(target));
}

async function dump(url: string): Promise<string> {
  const flags = [
    '-s',
    '--no-publications',
    '--no-subscriptions',
    '-N',
    'walcast',
    '--lock-wait-timeout=10s',
    '-d',
    url,
  ];
  return (await run('pg_dump', flags, { maxBuffer: 64 * 2 ** 20, timeout: 60_000 })).stdout;
}

const HEAD = /^--\n-- Name: (.*); Type: (.*); Schema: (.*); Owner: .*\n--\n/gm;
/** Random words against injection; settings that stand between entries; pg_dump's own comments. */
const NOISE =
  /^(\\(un)?restrict .*|SET default_table_access_method = .*;|SET default_tablespace = .*;|-- PostgreSQL database dump.*|--)$/gm;

/** The objects of a dump by name: among equals their order follows oids, which no two databases share. */
export function dumpEntries(text: string): Map<string, string> {
  const entries = new Map<string, string>();
  const heads = [...text.matchAll(HEAD)];
  for (const [i, head] of heads.entries()) {
    const [whole, name = '', type = '', schema = ''] = head;
    const body = text
      .slice(head.index + whole.length, heads[i + 1]?.index)
      .replaceAll(NOISE, '')
      .trim();
    // the triggers of walcast itself, on the source alone
    if (type === 'EVENT TRIGGER' && body.includes('EXECUTE FUNCTION walcast.')) continue;
    const key = `${type} ${schema}.${name}`;
    entries.set(key, [entries.get(key) ?? '', body].sort().join('\n'));
  }
  return entries;
}
