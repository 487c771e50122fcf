import pg from 'pg';
import { clientConfig } from '../../../postgres/client.ts';

/** What a child needs to run, and what our own driver takes from the environment too. Nothing else of ours is handed on. */
const INHERITED = [
  'PATH',
  'HOME',
  'TMPDIR',
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'PGPASSFILE',
  'PGSSLMODE',
];

/** What the text of a dump hangs on and what a database may set otherwise: pg_dump pins the rest by itself. */
const OPTIONS =
  '-c standard_conforming_strings=on -c quote_all_identifiers=off -c client_connection_check_interval=1000';

/**
 * The address as libpq reads it from the environment, since everybody may see the arguments of a process. Who connects where is decided by
 * our own driver.
 */
export function pgDumpEnvironment(
  url: string,
  inherited: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const { host, port, user, database, password } = new pg.Client(
    clientConfig({ url, applicationName: 'pg_dump', side: 'source' }),
  );
  const parameters = URL.canParse(url) ? new URL(url).searchParams : new URLSearchParams();
  const own: Readonly<Record<string, string | null | undefined>> = {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
    PGPASSWORD: typeof password === 'string' ? password : undefined,
    PGAPPNAME: 'walcast snapshot schema',
    PGCLIENTENCODING: 'UTF8',
    PGCONNECT_TIMEOUT: '10',
    PGOPTIONS: [parameters.get('options'), OPTIONS].filter((part) => part !== null).join(' '),
    PGSSLCERT: parameters.get('sslcert'),
    PGSSLKEY: parameters.get('sslkey'),
    ...encryption(parameters),
    LC_ALL: 'C',
  };
  const kept = INHERITED.map((name) => [name, inherited[name]] as const);
  return Object.fromEntries(
    [...kept, ...Object.entries(own)].filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '',
    ),
  );
}

/** Our driver verifies the server under every mode but two, unless it is told to do as libpq does: so the password goes nowhere else here. */
function encryption(parameters: URLSearchParams): Record<string, string> {
  const root = parameters.get('sslrootcert');
  const mode = parameters.get('sslmode');
  const given = root === null ? {} : { PGSSLROOTCERT: root };
  if (mode === 'disable') return { PGSSLMODE: mode };
  if (mode === 'no-verify') return { PGSSLMODE: 'require' };
  if (parameters.get('uselibpqcompat') === 'true' && mode !== null) return { PGSSLMODE: mode, ...given };
  const encrypted = mode !== null || ['true', '1'].includes(parameters.get('ssl') ?? '');
  const certificates = root !== null || parameters.has('sslcert') || parameters.has('sslkey');
  return encrypted || certificates ? { PGSSLMODE: 'verify-full', PGSSLROOTCERT: root ?? 'system' } : {};
}
