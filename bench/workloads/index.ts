import { BIG_UPDATE, INSERTS } from './bulk.ts';
import { MIXED } from './mixed.ts';
import { SCHEMA_CHANGES } from './schema-changes.ts';
import { TPCB, TPCB_SPREAD } from './tpcb.ts';
import type { Workload } from './workload.ts';

export type { Volume, Workload } from './workload.ts';

/** Those that are drained from a backlog, in the order of the report. Latency under load (W6) is measured another way. */
export const WORKLOADS: readonly Workload[] = [TPCB, TPCB_SPREAD, INSERTS, BIG_UPDATE, MIXED, SCHEMA_CHANGES];
export const LATENCY_ID = 'W6';
