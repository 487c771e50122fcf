import { takesNoChanges } from '../../migrate/read-only.ts';
import { error, type Finding, ok, warning } from './finding.ts';
import { IMPOSSIBLE } from './identity-gaps.ts';
import type { SourceFacts } from './source-facts.ts';
import type { SourceOptions } from './source-options.ts';

const OLDEST = 140_000;

/** Judges what was read of the server itself: whether it can be followed at all. Pure. */
export function serverFindings({ server, secondServer, direct }: SourceFacts): Finding[] {
  const free = (kind: string, count: number, setting: string): Finding =>
    count > 0
      ? ok(`${count} free ${kind}`)
      : error(`no free ${kind}`, `Raise ${setting} and restart the server, or drop what is not used.`);
  const obstacle = takesNoChanges(server);
  return [
    Number(server['version']) >= OLDEST
      ? ok(`PostgreSQL ${server['version_text'] ?? ''}`)
      : error(`PostgreSQL ${server['version_text'] ?? ''} is too old`, 'The source has to be PostgreSQL 14 or later.'),
    obstacle === undefined ? ok('the server is a primary and takes changes') : error(obstacle.what, obstacle.cure),
    server['wal_level'] === 'logical'
      ? ok('wal_level is logical')
      : error(
          `wal_level is ${server['wal_level'] ?? ''}`,
          `ALTER SYSTEM SET wal_level = 'logical', then restart the server.`,
        ),
    server['encoding'] === 'UTF8'
      ? ok('the database is encoded in UTF8')
      : error(`the database is encoded in ${server['encoding'] ?? ''}`, 'Only databases in UTF8 can be followed.'),
    connectionFinding(server, secondServer, direct),
    ...privilegeFindings(server),
    free('replication slots', Number(server['free_slots']), 'max_replication_slots'),
    free('WAL senders', Number(server['free_senders']), 'max_wal_senders'),
    server['keep_size'] === '-1'
      ? ok('WAL is kept for the slot without limit: a daemon that stays away lets it grow')
      : ok(`WAL is kept for the slot up to max_slot_wal_keep_size = ${server['keep_size'] ?? ''}`),
    ...(server['idle_timeout'] === '0'
      ? []
      : [
          warning(
            `idle_replication_slot_timeout is ${server['idle_timeout'] ?? ''}: the slot dies when the daemon is away longer`,
            'Set it to 0.',
          ),
        ]),
    server['event_triggers'] === 'on'
      ? ok('event triggers fire')
      : error('event triggers are switched off', 'Set event_triggers = on: DDL would pass unseen.'),
    server['is_target'] === 'true'
      ? error(
          'this database is a target of walcast (it has walcast.checkpoint)',
          'A target cannot be a source as well; remove it with `replicate destroy` on that side first.',
        )
      : ok('the database is no target of walcast'),
  ];
}

function connectionFinding(first: SourceFacts['server'], second: SourceFacts['server'], direct: boolean): Finding {
  if (!direct) {
    return error(
      'a connection pooler stands in between: statements do not stay on one server session',
      'Give the address of the server itself; replication does not go through a pooler.',
    );
  }
  const same = ['system', 'started', 'address', 'recovery'].every((fact) => first[fact] === second[fact]);
  if (!same) {
    return error(
      `two connections reached two servers (${first['address'] ?? ''}, ${second['address'] ?? ''}): a load balancer stands in between`,
      'Give the address of the primary itself.',
    );
  }
  return ok('the connection is direct');
}

function privilegeFindings(server: SourceFacts['server']): Finding[] {
  const role = server['role'] ?? '';
  if (server['superuser'] === 'true') return [ok(`${role} is a superuser`)];
  return [
    server['replication'] === 'true'
      ? ok(`${role} may replicate`)
      : error(`${role} may not replicate`, `ALTER ROLE ${role} REPLICATION, as a superuser.`),
    server['may_create'] === 'true'
      ? ok(`${role} may create a schema`)
      : error(`${role} may not create a schema`, 'GRANT CREATE ON DATABASE to it.'),
    warning(
      `${role} is no superuser: event triggers and a publication of all tables need one, except on services that lend the right`,
      'If `init` fails for lack of rights, let a superuser run it. The role also needs: GRANT SET ON PARAMETER lc_messages (15 and later).',
    ),
  ];
}

/** Judges what is in the database already: ours, half-made, or somebody else's. Pure. */
export function installationFindings(facts: SourceFacts, names: SourceOptions): Finding[] {
  const { schema, schemaProblem, silentTriggers, replicaIdentity } = facts;
  const schemaFinding =
    schema === 'foreign'
      ? error(schemaProblem, 'Connect as the role that installed walcast, or rename that schema.')
      : ok(schema === 'ours' ? 'walcast is installed' : 'walcast is not installed yet');
  return [
    schemaFinding,
    ...(schema === 'ours' && facts.record?.complete === true && silentTriggers.length > 0
      ? [
          warning(
            `event triggers are missing or not enabled, DDL passes unseen: ${silentTriggers.join(', ')}`,
            'Run `replicate init` again: it makes and enables them.',
          ),
        ]
      : []),
    ...(replicaIdentity === 'off'
      ? [
          warning(
            'new tables get no replica identity (--replica-identity=off)',
            'Run `replicate init --replica-identity=auto` when the bulk restore is done.',
          ),
        ]
      : []),
    ...slotFindings(facts, names),
    ...publicationFindings(facts, names),
    ...neighbourFindings(facts),
  ];
}

function slotFindings({ slot, record }: SourceFacts, names: SourceOptions): Finding[] {
  if (slot === undefined) {
    return record?.complete === true
      ? [
          warning(
            `the slot ${names.slot} is gone; init makes it anew, but what happened in between is lost to the targets`,
            'After init, bring the targets to the state of the source again.',
          ),
        ]
      : [];
  }
  if (record === undefined || !slot.here || slot.plugin !== 'pgoutput') {
    return [
      error(
        `there is a replication slot ${names.slot} that walcast did not make here`,
        'Choose another name (source.postgres.slot), or drop that slot if nobody needs it.',
      ),
    ];
  }
  if (slot.walStatus === 'lost') {
    return [
      error(
        `the slot ${names.slot} is lost: the server removed WAL that it needed`,
        'Run `replicate destroy` and `replicate init`, then bring the targets to the state of the source again.',
      ),
    ];
  }
  return [
    ok(record.complete ? `the slot ${names.slot} is there` : `the slot ${names.slot} is half-made; init makes it anew`),
  ];
}

function publicationFindings({ publication, record }: SourceFacts, names: SourceOptions): Finding[] {
  if (record !== undefined && record.publication !== names.publication) {
    return [
      error(
        `the slot ${names.slot} belongs to the publication ${record.publication}, not ${names.publication}`,
        'Correct source.postgres.publication, or destroy and init the pipeline.',
      ),
    ];
  }
  if (publication === undefined) {
    return record?.complete === true
      ? [
          error(
            `the publication ${names.publication} was dropped: the slot cannot be read any more`,
            'Run `replicate destroy` and `replicate init`, then bring the targets to the state of the source again.',
          ),
        ]
      : [];
  }
  if (record === undefined) {
    return [
      error(
        `there is a publication ${names.publication} that walcast did not make`,
        'Choose another name (source.postgres.publication), or drop it if nobody needs it.',
      ),
    ];
  }
  return publication.fits
    ? [ok(`the publication ${names.publication} is there`)]
    : [
        error(
          `somebody changed the publication ${names.publication}`,
          `ALTER PUBLICATION ${names.publication} SET (publish = 'insert, update, delete, truncate', publish_via_partition_root = false)`,
        ),
      ];
}

/** Other consumers of the same database: our tables appear in their streams. */
function neighbourFindings({ foreignSlots, foreignPublications, schema }: SourceFacts): Finding[] {
  const found = [
    ...(foreignSlots.length === 0
      ? []
      : [`other logical replication slots read this database: ${foreignSlots.join(', ')}`]),
    ...(foreignPublications.length === 0
      ? []
      : [`other publications FOR ALL TABLES: ${foreignPublications.join(', ')}`]),
  ];
  const cure =
    'Their readers will see the tables and messages of the schema walcast (never its key). `init --force` accepts that.';
  if (found.length === 0) return [ok('no other logical replication of this database')];
  return found.map(
    (what): Finding => (schema === 'ours' ? warning(what, '') : { ...error(what, cure), forcible: true }),
  );
}

/** Tables that would fail their users once they are published. Pure. */
export function identityFindings(
  { gaps, record, replicaIdentity }: SourceFacts,
  wanted: 'auto' | 'off' | undefined,
): Finding[] {
  const impossible = gaps.filter(({ identity }) => identity === IMPOSSIBLE).map(({ table }) => table);
  if (impossible.length > 0) {
    return [
      error(
        `tables with virtual generated columns and without a key: ${impossible.join(', ')}`,
        'UPDATE and DELETE of them would fail once published. Give them a primary key.',
      ),
    ];
  }
  if (gaps.length === 0) return [ok('every table has a usable replica identity')];
  const list = gaps.map(({ table, identity }) => `${table} (${identity})`).join(', ');
  const what = `${gaps.length} table${gaps.length === 1 ? '' : 's'} without a usable replica identity: UPDATE and DELETE would fail once published: ${list}`;
  const cure = 'Run `replicate init --replica-identity=auto` to give them the identity in parentheses.';
  if (wanted === 'auto') return [warning(what, 'init gives them the identity in parentheses')];
  // Published already: refusing changes nothing for their users.
  if (record?.complete === true && (wanted === 'off' || replicaIdentity === 'off')) return [warning(what, cure)];
  return [error(what, cure)];
}
