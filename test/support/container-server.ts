export interface ContainerServer {
  readonly url: string;
  stop(): Promise<void>;
}

const COMMAND = [
  'postgres',
  ...['wal_level=logical', 'max_wal_senders=30', 'max_replication_slots=30', 'max_connections=200'].flatMap(
    (setting) => ['-c', setting],
  ),
  ...['max_prepared_transactions=20', 'fsync=off', 'full_page_writes=off'].flatMap((setting) => ['-c', setting]),
];

/** The library is loaded only where it is needed: it takes long, and looks for a Docker engine. */
export async function containerServer(major: number): Promise<ContainerServer> {
  const { GenericContainer, Wait } = await import('testcontainers');
  const container = await new GenericContainer(`postgres:${major}`)
    .withEnvironment({ POSTGRES_HOST_AUTH_METHOD: 'trust', POSTGRES_INITDB_ARGS: '--encoding=UTF8 --locale=C' })
    .withCommand(COMMAND)
    .withExposedPorts(5432)
    // The image's entry point starts the server twice: the first time for its own preparations.
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .start();
  const url = `postgres://postgres@${container.getHost()}:${container.getMappedPort(5432)}/postgres`;
  return { url, stop: async () => void (await container.stop()) };
}
