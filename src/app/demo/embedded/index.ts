export { binariesIn, ensurePostgres, type PostgresBinaries } from './binaries.ts';
export { cacheFolder, PACKAGE_ROOT } from './cache-folder.ts';
export { type Guard, guardProcess } from './guard.ts';
export { installOnce } from './install-once.ts';
export { freePort } from './port.ts';
export { type ClusterOptions, PostgresCluster } from './postgres-cluster.ts';
export { isPostgresMajor, POSTGRES_MAJORS, type PostgresMajor } from './versions.ts';
