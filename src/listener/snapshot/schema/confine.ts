import type { SqlSession } from '../../../postgres/sql-session.ts';
import { NO_AUTHOR, type SchemaStatement } from '../../../wal/snapshot.ts';
import type { ParsedStatement } from './parse-pieces.ts';
import { SchemaRights } from './schema-rights.ts';
import { statementAuthor } from './statement-author.ts';
import { mainRelation, type ObjectName, qualifiers } from './statement-relations.ts';
import { UserCodeMap } from './user-code.ts';

/** search_path and settings of a statement that computes rows, as a session of the source without wishes has them. */
export interface DefaultSession {
  readonly search_path: string;
  readonly settings: Readonly<Record<string, string>>;
}

const VIEW_OWNERS = `select n.nspname as schema, c.relname as name, o.rolname as role
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_roles o on o.oid = c.relowner where c.relkind = 'm' and not o.rolsuper`;

/**
 * Gives each statement the role that has to run it. Most of a schema is made by the target's own role and then given to its owner, as
 * rights to make it come last, if the owner has them at all. What may run code of users runs as the plain user whose it is.
 */
export class Confiner {
  readonly #code: UserCodeMap;
  readonly #rights: SchemaRights;
  readonly #viewOwners: ReadonlyMap<string, string>;
  readonly #readDefaults: () => Promise<DefaultSession>;
  #defaults: Promise<DefaultSession> | undefined;

  private constructor(
    code: UserCodeMap,
    rights: SchemaRights,
    viewOwners: ReadonlyMap<string, string>,
    readDefaults: () => Promise<DefaultSession>,
  ) {
    this.#code = code;
    this.#rights = rights;
    this.#viewOwners = viewOwners;
    this.#readDefaults = readDefaults;
  }

  static async create(session: SqlSession, readDefaults: () => Promise<DefaultSession>): Promise<Confiner> {
    const code = await UserCodeMap.read(session);
    const owners = (await session.query(VIEW_OWNERS)).rows;
    const viewOwners = new Map(owners.map(({ schema, name, role }) => [`${schema ?? ''}\0${name ?? ''}`, role ?? '']));
    const rights = await SchemaRights.read(session, [...new Set([...code.roles, ...viewOwners.values()])]);
    return new Confiner(code, rights, viewOwners, readDefaults);
  }

  /** A relation that only the script has, with the code of another one. */
  addLike(name: ObjectName, like: ObjectName): void {
    this.#code.addLike(name, like);
  }

  /** The statement with its role, between what gives and takes rights for it. */
  async confine(statement: SchemaStatement, { kind, node }: ParsedStatement): Promise<SchemaStatement[]> {
    const { section, event } = statement;
    if (event.caller.role !== NO_AUTHOR) return [statement];
    let { caller } = event;
    if (kind === 'RefreshMatViewStmt') {
      const relation = mainRelation(kind, node);
      this.#defaults ??= this.#readDefaults();
      const role = this.#viewOwners.get(`${relation?.schema ?? ''}\0${relation?.name ?? ''}`) ?? NO_AUTHOR;
      caller = { ...(await this.#defaults), role };
    } else {
      caller = { ...caller, role: statementAuthor(kind, node, this.#code) ?? NO_AUTHOR };
    }
    const confined: SchemaStatement = { section, event: { ...event, caller } };
    if (caller.role === NO_AUTHOR) return [confined];
    const { before, after } = this.#rights.around(section, caller.role, qualifiers(node));
    const change = (tag: 'GRANT' | 'REVOKE', text: string, number: number): SchemaStatement => {
      const { v, iso, server_version_num, at } = event;
      const text_id = `${event.text_id}:${tag.toLowerCase()}:${number}`;
      return {
        section,
        event: {
          ...{ v, kind: 'ddl', phase: 'end', tag, iso, server_version_num, at, text_id, text },
          caller: { role: NO_AUTHOR, search_path: '', settings: {} },
        },
      };
    };
    return [
      ...before.map((text, number) => change('GRANT', text, number)),
      confined,
      ...after.map((text, number) => change('REVOKE', text, number)),
    ];
  }
}
