/** Settings of a small server that is followed, or follows; all can be overridden by name. */
const DEFAULTS: Readonly<Record<string, string>> = {
  wal_level: 'logical',
  max_wal_senders: '30',
  max_replication_slots: '30',
  max_connections: '200',
  max_prepared_transactions: '20',
  shared_buffers: '32MB',
  min_wal_size: '80MB',
  max_wal_size: '1GB',
  autovacuum_naptime: '60s',
  log_line_prefix: '%m [%p] %q%u@%d ',
  log_timezone: 'UTC',
  timezone: 'UTC',
};

/** For servers whose data nobody would miss: the machine may lose them, a killed process still does not. */
const NOT_DURABLE: Readonly<Record<string, string>> = {
  fsync: 'off',
  full_page_writes: 'off',
};

export function serverSettings(durable: boolean, extra: Readonly<Record<string, string>>): string {
  const all = {
    ...DEFAULTS,
    ...(durable ? {} : NOT_DURABLE),
    ...extra,
    // Only this machine may connect, and only by TCP: a socket file would need a folder that both users may enter.
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
  };
  return Object.entries(all)
    .map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`)
    .join('');
}

export const HOST_RULES = `host all all 127.0.0.1/32 trust
host replication all 127.0.0.1/32 trust
`;

/** Lines of postmaster.pid, see LOCK_FILE_LINE_* in PostgreSQL's src/include/utils/pidfile.h. */
export function isReady(pidFile: string, pid: number): boolean {
  const lines = pidFile.split('\n');
  return lines[0]?.trim() === String(pid) && lines[7]?.trim() === 'ready';
}
