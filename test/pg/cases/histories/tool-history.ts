import type pg from 'pg';

export interface Migration {
  /** One or more statements, as the file of the tool holds them. */
  readonly up: string;
  readonly down?: string;
  /** The tool opens no transaction around it. */
  readonly alone?: boolean;
}

/** By name, in order; a plain text is the way up. */
export type Migrations = Readonly<Record<string, string | Migration>>;

export interface NamedMigration extends Migration {
  readonly name: string;
}

export interface ToolSession {
  /** The tool's own connection, of the plain user `app`. */
  readonly client: pg.Client;
  /** Another one, for tools that keep their books apart. */
  readonly books: pg.Client;
}

/** How a tool makes its bookkeeping and runs a migration: same protocol, same transactions, same statements around it. */
export interface Tool {
  begin(session: ToolSession): Promise<void>;
  play(session: ToolSession, migration: NamedMigration): Promise<void>;
  /** The way back, where the tool has one. */
  back?(session: ToolSession, migration: NamedMigration): Promise<void>;
}

export interface ToolHistory {
  readonly name: string;
  readonly tool: Tool;
  readonly migrations: Migrations;
  /**
   * What the application does between and during the steps. Those that the schema of the moment does not take fail, as they do for a real
   * application.
   */
  readonly writes: (n: number) => readonly string[];
  /** After the last step: so many go back and come again. */
  readonly downAndUp?: number;
}

export function named(migrations: Migrations): NamedMigration[] {
  return Object.entries(migrations).map(([name, migration]) =>
    typeof migration === 'string' ? { name, up: migration } : { name, ...migration },
  );
}

/** A migration outside of a transaction. */
export function alone(up: string, down?: string): Migration {
  return down === undefined ? { up, alone: true } : { up, down, alone: true };
}
