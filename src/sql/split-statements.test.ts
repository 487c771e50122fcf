import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { loadModule, parseSync } from 'libpg-query';
import { beforeAll, describe, expect, it } from 'vitest';
import { SqlLexer, type Token } from './split-statements-lexer.ts';
import { splitStatements, type SqlPiece, statementEnds, StatementSplitter } from './split-statements.ts';

const MIGRATIONS = join(import.meta.dirname, '../../migrations');
const SEED = 20_240_611;

function tokensOf(sql: string): Token[] {
  const lexer = new SqlLexer({ meta: false });
  return [...lexer.push(sql), ...lexer.end()];
}

/** The pieces of a script that comes cut at the given places. */
function pieces(sql: string, cuts: readonly number[] = []): SqlPiece[] {
  const splitter = new StatementSplitter();
  const places = [...cuts, sql.length];
  return [
    ...places.flatMap((place, index) => [...splitter.push(sql.slice(places[index - 1] ?? 0, place))]),
    ...splitter.end(),
  ];
}

/** Where the parser of PostgreSQL ends each statement: in front of the semicolon, or at the end of the text. In bytes. */
function parserCuts(sql: string): number[] {
  if (sql.trim() === '') return []; // it refuses to look at that
  const bytes = Buffer.byteLength(sql);
  return (parseSync(sql).stmts ?? []).map((raw) =>
    raw.stmt_len === undefined ? bytes : (raw.stmt_location ?? 0) + raw.stmt_len,
  );
}

/** The same of ours; the parser counts no statement that is empty. */
function ourCuts(sql: string): number[] {
  const cuts: number[] = [];
  let start = 0;
  for (const piece of splitStatements(sql)) {
    const end = start + Buffer.byteLength(piece);
    const tokens = [...tokensOf(piece)];
    const closed = tokens.at(-1)?.kind === ';';
    if (tokens.length > (closed ? 1 : 0)) cuts.push(closed ? end - 1 : end);
    start = end;
  }
  return cuts;
}

/** Texts in which a semicolon, a quote or a comment mark means nothing. */
const trap = fc
  .array(
    fc.constantFrom(
      ';',
      ' ',
      '\n',
      'x',
      '(',
      ')',
      '--',
      '/',
      '*',
      'end',
      'begin atomic',
      '$',
      '$$',
      '$t$',
      'é',
      '🐘',
      ',',
      '%',
    ),
    {
      maxLength: 8,
    },
  )
  .map((parts) => parts.join(''));
const doubled = (quote: string) => trap.chain((a) => trap.map((b) => `${a}${quote}${quote}${b}`));

const comment = fc.oneof(
  trap.map((text) => `--${text.replaceAll('\n', "'")}\n`),
  // A comment may hold comments; what else looks like a mark of one is taken out.
  fc
    .tuple(trap, trap, trap)
    .map((texts) => texts.map((text) => text.replaceAll(/[/*]/g, '"')))
    .map(([a, b, c]) => `/*${a}/* ' ${b}*/${c}/**/*/`),
);
const space = fc.oneof({ weight: 4, arbitrary: fc.constant(' ') }, fc.constantFrom('\n', '\t', '\r\n', ' \f'), comment);

const literal = fc.oneof(
  trap.map((text) => `'${text}'`),
  doubled("'").map((text) => `'${text}\\'`),
  trap.map((text) => `E'${text}\\'${text}\\\\'`),
  // It goes on behind a line end, as a string with escapes.
  fc.tuple(trap, trap).map(([a, b]) => `e'${a}' \n\t '${b}\\';'`),
  fc.tuple(trap, trap).map(([a, b]) => `'${a}'\n'${b}\\'`),
  trap.map((text) => `U&'${text}'`),
  fc.tuple(fc.constantFrom('', 't', '_x1', 'é'), trap).map(([tag, text]) => {
    const mark = `$${tag}$`;
    return `${mark}${`${text} `.replaceAll(mark, '').replaceAll('$', '$ ')}${mark}`;
  }),
);
const identifier = fc.oneof(
  fc.constantFrom('a', 'ab$c$', 'e', 'u', 'élan', '_1', 'atomic', 'begin'),
  trap.map((text) => `"i${text}"`),
  doubled('"').map((text) => `"${text}"`),
  trap.map((text) => `U&"i${text}"`),
);
const value: fc.Arbitrary<string> = fc.oneof(
  literal,
  identifier,
  fc.constant("B'01'"),
  trap.map((text) => `N'${text}'`),
  fc.constantFrom(
    '1',
    '$1',
    '1.5e-3',
    '0x1F',
    '2 operator(pg_catalog.*) 3',
    '1 @-+ 2',
    'case when true then 1 end',
    '5 - -1',
  ),
);
const spaced = (...parts: (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      ...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)),
      fc.array(space, { minLength: parts.length, maxLength: parts.length }),
    )
    .map((all) => {
      const gaps = all.at(-1) as string[];
      return parts.map((_, index) => `${all[index] as string}${gaps[index] ?? ' '}`).join('');
    });
const query = fc.oneof(
  spaced('select', value, ',', value),
  spaced('select', '(', value, ')', 'as', identifier),
  spaced('select', value, 'as', 'end'),
  spaced('insert', 'into', identifier, 'values', '(', value, ')'),
);
const plain = fc.oneof(query, spaced('comment', 'on', 'table', identifier, 'is', literal));
const body = fc.oneof(plain, spaced('select', 'case', 'when', value, 'then', '1', 'end', 'end'));
const inBody = fc.array(body, { minLength: 0, maxLength: 3 }).map((texts) => texts.map((text) => `${text};`).join(' '));
const statement = fc.oneof(
  { weight: 3, arbitrary: plain },
  spaced(
    'create',
    fc.constantFrom('', 'or replace'),
    'function',
    identifier,
    '()',
    'returns',
    'int',
    'begin',
    'atomic',
    inBody,
    'end',
  ),
  spaced('CREATE', 'PROCEDURE', identifier, '(', identifier, 'int', ')', 'BEGIN', 'ATOMIC', inBody, 'END'),
  spaced('create', 'function', identifier, '()', 'returns', 'int', 'language', 'sql', 'as', literal),
  spaced(
    'create',
    'rule',
    identifier,
    'as',
    'on',
    'insert',
    'to',
    identifier,
    'do',
    'also',
    '(',
    query,
    ';',
    query,
    ';',
    ')',
  ),
  spaced('select', 'begin', 'atomic'),
  spaced('do', literal),
  fc.constantFrom('begin', 'end', 'commit'),
);
const script = fc
  .tuple(
    fc.array(fc.tuple(statement, fc.constantFrom(';', ' ;', ';;', '; -- ;\n', ';/* ; */')), { maxLength: 4 }),
    fc.oneof(fc.constant(''), statement, space),
  )
  .map(([closed, rest]) => closed.map((parts) => parts.join('')).join('\n') + rest);

describe('the statement splitter', () => {
  beforeAll(loadModule);

  it('cuts every migration where the parser of PostgreSQL cuts it', () => {
    const files = readdirSync(MIGRATIONS, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.sql'),
    );
    expect(files.length).toBeGreaterThan(40);
    for (const file of files) {
      const sql = readFileSync(join(MIGRATIONS, file), 'utf8');
      expect(splitStatements(sql).join(''), file).toBe(sql);
      expect(ourCuts(sql), file).toEqual(parserCuts(sql));
    }
  });

  it.each([
    ['nested comments', 'select 1 /* a; /* b; */ c; */ ; select 2', 2],
    ['a tagged dollar quote with another one in it', 'do $a$ begin; $b$ ; $b$ $$ end; $a$; select 2', 2],
    ['an identifier that ends like a dollar quote begins', 'select a$b$; select 2 as c$b$', 2],
    ['escapes only where E stands', String.raw`select E'\';', '\'; select e'\\'; select 3`, 3],
    ['an E string that goes on in the next line', "select E'a'\n'b\\';'; select 2", 2],
    ['quoted names with U&', 'select U&"d\\0061;t""a"; select 2', 2],
    ['doubled quotes', `select ''';', """;"; select 2`, 2],
    [
      'bodies in standard SQL',
      'create function f() returns int begin atomic select case 1 when 1 then 2 end; select 1 as end; end; select 2',
      2,
    ],
    ['an empty body', 'create or replace procedure p() begin atomic end; select 2', 2],
    ['columns of such names', 'select begin atomic from t; select 2', 2],
    ['rules', 'create rule r as on insert to t do also (select 1; select (2);); select 2', 2],
  ])('is not misled by %s', (_, sql, count) => {
    expect(parserCuts(sql)).toHaveLength(count);
    expect(ourCuts(sql)).toEqual(parserCuts(sql));
  });

  it('lets a string go on behind comments, as servers do; libpg-query takes comments for tokens here', () => {
    const sql = "select e'a' -- ;'\n -- '\n '\\';'; select 2";
    expect(splitStatements(sql)).toEqual([sql.slice(0, -9), ' select 2']);
  });

  it('cuts generated scripts where the parser cuts them', () => {
    const seen = { statements: 0, scripts: 0 };
    fc.assert(
      fc.property(script, (sql) => {
        const cuts = parserCuts(sql);
        seen.statements += cuts.length;
        seen.scripts++;
        expect(ourCuts(sql)).toEqual(cuts);
      }),
      { seed: SEED, numRuns: 1_000 },
    );
    expect(seen.statements).toBeGreaterThan(seen.scripts);
  });

  it('loses nothing, whatever the text is', () => {
    const marks = fc.constantFrom(
      "'",
      '"',
      '$',
      '$$',
      '$t$',
      "E'",
      '\\',
      '/*',
      '*/',
      '--',
      '\n',
      ';',
      '(',
      ')',
      'begin atomic ',
      'end',
      'create function ',
      '\0',
      'é',
      '\ud800',
    );
    const junk = fc
      .array(fc.oneof(marks, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 40 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(junk, (sql) => {
        expect(splitStatements(sql).join('')).toBe(sql);
        const ends = statementEnds(sql);
        expect(ends.every((end, index) => sql[end - 1] === ';' && end > (ends[index - 1] ?? 0))).toBe(true);
      }),
      { seed: SEED, numRuns: 1_500 },
    );
  });

  it('gives the same pieces wherever the text was cut before it came', () => {
    fc.assert(
      fc.property(script, fc.array(fc.nat(400), { maxLength: 12 }), (sql, places) => {
        const whole = pieces(sql);
        const cuts = places.map((place) => place % (sql.length + 1)).sort((a, b) => a - b);
        expect(pieces(sql, cuts)).toEqual(whole);
        expect(
          pieces(
            sql,
            [...sql].map((_, index) => index),
          ),
        ).toEqual(whole);
        expect(whole).toHaveLength(parserCuts(sql).length);
      }),
      { seed: SEED, numRuns: 400 },
    );
  });

  it('keeps a statement to the byte, without what stands around it', () => {
    const text = "create  table t -- in it ;\n (a text default E'\\';''') /* ; */";
    expect(pieces(`-- before\n\n${text} ; -- after\n;;`)).toEqual([
      { kind: 'statement', text: text.slice(0, text.lastIndexOf(' /*')) },
    ]);
  });

  it('tells lines for psql from backslashes in statements', () => {
    const sql = "--\n\\restrict abc;'\n\nselect '\n\\restrict b\n';\nselect $$\n\\x\n$$ /*\n\\y\n*/;\n\\unrestrict abc";
    const expected = [
      { kind: 'meta', text: "\\restrict abc;'" },
      { kind: 'statement', text: "select '\n\\restrict b\n'" },
      { kind: 'statement', text: 'select $$\n\\x\n$$' },
      { kind: 'meta', text: '\\unrestrict abc' },
    ];
    expect(pieces(sql)).toEqual(expected);
    expect(
      pieces(
        sql,
        [...sql].map((_, index) => index),
      ),
    ).toEqual(expected);
  });

  it('takes 20 MB in small pieces without looking at anything twice', () => {
    const body = `${"''".repeat(1_000_000)}${'x'.repeat(8_000_000)}`;
    const sql = `select E'${body}', $f$${body}$f$;`;
    const splitter = new StatementSplitter();
    const start = performance.now();
    const found: SqlPiece[] = [];
    for (let at = 0; at < sql.length; at += 8_192) found.push(...splitter.push(sql.slice(at, at + 8_192)));
    expect(found).toEqual([{ kind: 'statement', text: sql.slice(0, -1) }]);
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it('takes a long text in one go', () => {
    const sql = `select '${'-- ;'.repeat(200_000)}';\n${'/*'.repeat(50_000)}${'*/'.repeat(50_000)};${"''\n -- x ".repeat(20_000)}`;
    expect(splitStatements(sql)).toHaveLength(3);
  });
});
