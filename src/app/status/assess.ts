import type { Finding, MigrationSetReport, StatusReport, TargetReport } from './status-report.ts';

export type Facts = Omit<StatusReport, 'ok' | 'problems' | 'notes'>;

export interface Findings {
  readonly problems: readonly Finding[];
  readonly notes: readonly Finding[];
}

/** Less time than this before the slot is lost is worth a word. */
const SOON_SECONDS = 3_600;

/** Pure: what of the facts is wrong, and what is worth knowing. */
export function assess(facts: Facts): Findings {
  const problems: Finding[] = [];
  const notes: Finding[] = [];
  assessSource(facts, problems);
  assessSlot(facts, problems, notes);
  for (const set of facts.migrations) assessSet(set, problems, notes);
  assessDaemon(facts, problems, notes);
  for (const target of facts.targets) assessTarget(target, problems, notes);
  return { problems, notes };
}

function assessSource({ source, migrations }: Facts, problems: Finding[]): void {
  if (source.error !== null) problems.push(finding('source', source.error));
  const installed = migrations.some(
    ({ set, database, applied, pending }) =>
      set === 'core' && database === 'source' && applied.length > 0 && pending.length === 0,
  );
  if (source.captures === null || !installed) return;
  const { disabled } = source.captures;
  if (disabled.length === 0) return;
  problems.push({
    where: 'source',
    message: `event triggers do not fire: ${disabled.join(', ')}; schema changes are not captured`,
    hint: 'Run `replicate init`: it makes and enables them. What was changed meanwhile has to be made on the targets by hand.',
  });
}

function assessSlot({ slot, source, daemon }: Facts, problems: Finding[], notes: Finding[]): void {
  if (slot === null) {
    // an unprepared source says so itself
    if (source.reachable && source.error === null) {
      problems.push({ where: 'source', message: 'the replication slot does not exist', hint: 'Run `replicate init`.' });
    }
    return;
  }
  if (slot.walStatus === 'lost' && source.error?.code !== 'E_SLOT_LOST') {
    problems.push({
      where: 'source',
      message: `slot ${slot.name} is lost: the source removed WAL that it needed`,
      hint: 'Run `replicate destroy` and `replicate init`, and bring the targets to the state of the source.',
    });
  }
  if (slot.walStatus === 'unreserved') {
    problems.push({
      where: 'source',
      message: `slot ${slot.name} is about to be lost: it is beyond max_slot_wal_keep_size, the next checkpoint may remove its WAL`,
      hint: 'Raise max_slot_wal_keep_size on the source now, and get the slowest target going.',
    });
  } else if (slot.secondsLeft !== null && slot.secondsLeft < SOON_SECONDS) {
    notes.push({
      where: 'source',
      message: `the source will drop WAL that slot ${slot.name} needs in about ${slot.secondsLeft} s`,
      hint: 'Get the slowest target going, or raise max_slot_wal_keep_size.',
    });
  }
  if (!slot.active && daemon.kind !== 'reached') {
    notes.push({
      where: 'source',
      message: `nobody reads slot ${slot.name}; the source keeps its WAL until somebody does`,
    });
  }
}

function assessSet(set: MigrationSetReport, problems: Finding[], notes: Finding[]): void {
  const where = set.database === 'source' ? 'source' : `target ${set.database}`;
  if (set.error !== null) problems.push(finding(where, set.error));
  if (set.pending.length === 0) return;
  if (set.applied.length > 0) {
    const cure = set.database === 'source' ? 'Run `replicate init`.' : '`replicate run` applies them when it starts.';
    problems.push({
      where,
      message: `migrations of set ${set.set} are pending: ${set.pending.join(', ')}`,
      hint: cure,
    });
  } else if (set.set === 'target' && set.error === null) {
    notes.push({ where, message: 'not opened yet: the first `replicate run` prepares it' });
  }
}

function assessDaemon({ daemon, slot, targets }: Facts, problems: Finding[], notes: Finding[]): void {
  switch (daemon.kind) {
    case 'reached':
      if (daemon.error !== null) problems.push(finding('daemon', daemon.error));
      else if (!daemon.streaming && !targets.every((target) => isDown(target) || target.state === 'snapshot'))
        problems.push({ where: 'daemon', message: 'it runs, but does not read from the source' });
      if (daemon.forgedMessages > 0) {
        notes.push({
          where: 'daemon',
          message: `${daemon.forgedMessages} messages with our prefix and no valid signature were ignored`,
        });
      }
      return;
    case 'other':
      notes.push({
        where: 'daemon',
        message: `at ${daemon.address} another one listens: ${daemon.reason ?? ''}`,
        hint: 'Give each pipeline a `server.listen` of its own.',
      });
      return;
    case 'none':
      notes.push({
        where: 'daemon',
        message: `none at ${daemon.address} (${daemon.reason ?? 'no answer'})${slot?.active === true ? ', though somebody reads the slot' : ''}`,
      });
      return;
    default:
      daemon.kind satisfies never;
  }
}

/** With no target to feed there is nothing to read for; the targets say why. */
function isDown({ state }: TargetReport): boolean {
  return state === 'stopped' || state === 'retrying';
}

function assessTarget(target: TargetReport, problems: Finding[], notes: Finding[]): void {
  const where = `target ${target.name}`;
  if (target.error !== null) problems.push(finding(where, target.error));
  else if (target.state === 'stopped' || target.state === 'retrying') {
    problems.push({ where, message: `it is ${target.state}` });
  } else if (target.state === 'waiting') notes.push({ where, message: 'not opened yet' });
  if (target.copyPhase !== null && target.state !== 'snapshot' && target.state !== 'streaming') {
    notes.push({
      where,
      message: `its initial copy is not whole yet (${target.copyPhase}); \`replicate run\` goes on with it`,
    });
  }
}

function finding(
  where: string,
  error: { readonly code: string; readonly message: string; readonly hint: string },
): Finding {
  const message = `${error.code}: ${error.message}`;
  return error.hint === '' ? { where, message } : { where, message, hint: error.hint };
}
