import type pg from 'pg';
import type { TestDatabase } from '../test-database.ts';
import { type Context, type Form, PLAIN_ROLES, type Role } from './context.ts';
import { Draw } from './draw.ts';
import { formsOf, isRowForm } from './forms/all-forms.ts';
import type { History, Step, Transaction } from './history.ts';
import { linesOf } from './history.ts';
import { Names } from './names.ts';
import type { Tally } from './tally.ts';
import { EMPTY_WORLD, readWorld, type World } from './world.ts';
import { wrapped } from './wrappers.ts';

const ROLES: readonly Role[] = ['superuser', 'superuser', 'superuser', 'app', 'app', 'alice', 'bob'];
const BEGINS = [
  'begin',
  'begin',
  'begin',
  'begin',
  'begin',
  'begin isolation level repeatable read',
  'begin isolation level serializable',
];
/** Forms that are asked for a statement before a step is given up. */
const ATTEMPTS = 12;
/** Each history prefers some forms that stand beside one another, so that a score of seeds in a row brings the rare ones with what they need. */
const PREFERRED = 14;
const PREFERRED_STEP = 6;

export interface MakerOptions {
  readonly source: TestDatabase;
  readonly seed: number;
  readonly transactions: number;
  readonly tally: Tally;
}

/**
 * Makes a history while sending it: each statement is made from what the source holds at that moment, so that most of them are valid and a
 * refused one leads nobody astray. What was sent is the history: it can be sent again without its maker.
 */
export class HistoryMaker {
  readonly #options: MakerOptions;
  readonly #draw: Draw;
  readonly #names: Names;
  readonly #forms: readonly Form[];
  readonly #preferred: readonly Form[];
  readonly #rows: readonly Form[];
  readonly #alones: readonly Form[];
  readonly #prefix: string;
  readonly #open: readonly string[];
  readonly #clients = new Map<Role, pg.Client>();
  #superuser = '';
  #world: World = EMPTY_WORLD;
  #stale = true;

  constructor(options: MakerOptions) {
    this.#options = options;
    this.#draw = new Draw(options.seed);
    this.#names = new Names(this.#draw);
    const forms = formsOf(options.source.server.major);
    const first = (options.seed * PREFERRED_STEP) % forms.length;
    this.#preferred = [...forms, ...forms].slice(first, first + PREFERRED);
    this.#forms = forms.flatMap((form) => Array<Form>(form.weight ?? 2).fill(form));
    this.#rows = this.#forms.filter(isRowForm);
    this.#alones = this.#forms.filter(({ alone }) => alone === true);
    this.#prefix = `h${options.seed}-`;
    this.#open = ['a', 'The "B".b', 'ü c'].map((name) => `"${this.#prefix}${name.replaceAll('"', '""')}"`);
  }

  async make(): Promise<History> {
    const { seed, source, transactions: count } = this.#options;
    this.#superuser = `"${(await source.value('select current_user')) ?? ''}"`;
    const transactions = [await this.#begin()];
    try {
      while (transactions.length < count) transactions.push(await this.#transaction());
    } finally {
      await Promise.all([...this.#clients.values()].map((client) => client.end()));
    }
    return { seed, prefix: this.#prefix, transactions };
  }

  async #begin(): Promise<Transaction> {
    const [first = '', second = '', third = ''] = this.#open;
    const transaction: Transaction = {
      role: 'superuser',
      path: 'pg_catalog',
      begin: 'begin',
      steps: [
        `create schema ${first} authorization app`,
        `create schema ${second} authorization alice`,
        `create schema ${third}`,
        `grant all on schema ${this.#open.join(', ')} to public`,
      ].map((sql) => ({ sql })),
      end: ['commit'],
    };
    const client = await this.#client('superuser');
    for (const line of linesOf(transaction)) await client.query(line);
    return transaction;
  }

  async #client(role: Role): Promise<pg.Client> {
    const known = this.#clients.get(role);
    if (known !== undefined) return known;
    const client = await this.#options.source.client(role === 'superuser' ? undefined : role);
    await client.query("set statement_timeout = '30s'; set lock_timeout = '10s'");
    this.#clients.set(role, client);
    return client;
  }

  async #transaction(): Promise<Transaction> {
    const draw = this.#draw;
    const role = draw.pick(ROLES);
    const path = draw.pick(this.#open);
    const client = await this.#client(role);
    await client.query(`set search_path = ${path}, public`);
    if (draw.chance(0.25)) return { role, path, begin: null, steps: await this.#alone(client, role, path), end: [] };
    const begin = draw.pick(BEGINS);
    await client.query(begin);
    return { role, path, begin, ...(await this.#block(client, role, path)) };
  }

  async #alone(client: pg.Client, role: Role, path: string): Promise<Step[]> {
    const steps: Step[] = [];
    for (let left = this.#draw.int(1, 4); left > 0; left--) {
      const step = await this.#next(client, role, path, true);
      if (step === null) continue;
      steps.push(step);
      if (await this.#send(client, step)) this.#options.tally.committed([step]);
    }
    return steps;
  }

  async #block(client: pg.Client, login: Role, path: string): Promise<Pick<Transaction, 'steps' | 'end'>> {
    const draw = this.#draw;
    const steps: Step[] = [];
    const savepoints: { readonly name: string; readonly done: number }[] = [];
    let done: Step[] = [];
    const control = async (sql: string): Promise<void> => {
      steps.push({ sql });
      await client.query(sql);
    };
    const guarded = draw.chance(0.5);
    const role = login === 'superuser' && draw.chance(0.2) ? draw.pick(PLAIN_ROLES) : login;
    if (role !== login) await control(`set local role ${role}`);

    for (let left = draw.int(1, 9), points = 0; left > 0; left--) {
      if (draw.chance(0.15)) {
        savepoints.push({ name: draw.chance(0.3) ? '"again"' : `s${++points}`, done: done.length });
        await control(`savepoint ${savepoints.at(-1)?.name ?? ''}`);
      } else if (savepoints.length > 0 && draw.chance(0.15)) {
        await control(`release savepoint ${savepoints.pop()?.name ?? ''}`);
      } else if (savepoints.length > 0 && draw.chance(0.15)) {
        const point = savepoints.at(-1);
        await control(`rollback to savepoint ${point?.name ?? ''}`);
        done = done.slice(0, point?.done);
        this.#stale = true;
      }
      const step = await this.#next(client, role, path, false);
      if (step === null) continue;
      if (guarded) await control('savepoint guard');
      steps.push(step);
      if (await this.#send(client, step)) {
        done.push(step);
        if (guarded) await control('release savepoint guard');
      } else if (guarded) {
        await control('rollback to savepoint guard');
      } else {
        const point = savepoints.at(-1);
        if (point === undefined) {
          await client.query('rollback');
          return { steps, end: ['rollback'] };
        }
        await control(`rollback to savepoint ${point.name}`);
        done = done.slice(0, point.done);
      }
    }
    return { steps, end: await this.#end(client, done) };
  }

  async #end(client: pg.Client, done: readonly Step[]): Promise<string[]> {
    const draw = this.#draw;
    this.#stale = true;
    const gid = `${this.#prefix}${draw.int(1, 1_000_000)}`;
    const end = draw.pick([
      ...Array<string[]>(17).fill(['commit']),
      ['rollback'],
      ['rollback'],
      [`prepare transaction '${gid}'`, `commit prepared '${gid}'`],
    ]);
    if (end[0] === 'rollback') {
      await client.query('rollback');
      return end;
    }
    try {
      for (const line of end) await client.query(line); // a deferred constraint, a temporary table: undone
      this.#options.tally.committed(done);
    } catch {
      await client.query('rollback');
    }
    return end;
  }

  async #send(client: pg.Client, step: Step): Promise<boolean> {
    const failure = await client.query(step.sql).then(
      () => null,
      (error: unknown) => error as Error,
    );
    this.#options.tally.sent(step, failure);
    if (failure !== null || !this.#isRows(step)) this.#stale = true;
    return failure === null;
  }

  #isRows({ form }: Step): boolean {
    return this.#forms.some((each) => each.name === form && isRowForm(each));
  }

  async #next(client: pg.Client, role: Role, path: string, alone: boolean): Promise<Step | null> {
    if (this.#stale) this.#world = await readWorld(client, this.#prefix);
    this.#stale = false;
    const draw = this.#draw;
    const first = this.#statement(role, path, alone);
    if (first === null) return null;
    const { form, sql } = first;
    if (form.alone === true) return { form: form.name, sql };
    if (!isRowForm(form) && draw.chance(0.15)) {
      const inside = wrapped(draw, sql);
      if (inside !== null) return { form: inside.name, sql: inside.sql };
    }
    if (draw.chance(0.06)) {
      const second = this.#statement(role, path, false);
      if (second !== null && second.form !== form)
        return { form: 'several statements in one query', sql: `${sql}; ${second.sql}` };
    }
    return { form: form.name, sql };
  }

  #statement(role: Role, path: string, alone: boolean): { readonly form: Form; readonly sql: string } | null {
    const draw = this.#draw;
    const context: Context = {
      draw,
      names: this.#names,
      world: this.#world,
      role,
      major: this.#options.source.server.major,
      path,
      open: this.#open,
      superuser: this.#superuser,
    };
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const form =
        alone && draw.chance(0.25)
          ? draw.pick(this.#alones)
          : draw.pick(draw.chance(0.3) ? this.#rows : draw.chance(0.5) ? this.#preferred : this.#forms);
      if (form.alone === true && !alone) continue;
      const sql = form.make(context);
      // names that need no quotes stand without them now and then
      if (sql !== null) return { form, sql: draw.chance(0.5) ? sql.replace(/"([a-z]+_\d+)"/g, '$1') : sql };
    }
    return null;
  }
}
