/**
 * Built-in types whose binary form is the same from PostgreSQL 14 on and says all of the value, whatever the settings of either side. Left
 * out, and so text: types of users and everything made of types (arrays, ranges, enums, composites, domains: their binary form holds oids,
 * which differ between two databases, or is unknown to us), oid and its aliases (numbers of one database), money (its meaning hangs on the
 * locale), xml (its binary form declares an encoding), interval (before version 17 the bytes of infinity are a finite value), geometric and
 * text search types, pg_lsn and transaction ids (rare, nothing to win).
 */
export const BINARY_TYPES: ReadonlySet<number> = new Set([
  16, // bool
  17, // bytea
  18, // "char"
  19, // name
  20, // int8
  21, // int2
  23, // int4
  25, // text
  114, // json: its text
  650, // cidr
  700, // float4
  701, // float8
  774, // macaddr8
  829, // macaddr
  869, // inet
  1042, // bpchar
  1043, // varchar
  1082, // date
  1083, // time
  1114, // timestamp: microseconds since 10, on every server
  1184, // timestamptz
  1266, // timetz
  1560, // bit
  1562, // varbit
  1700, // numeric
  2950, // uuid
  3802, // jsonb: a version and its text
]);

/** inet and cidr begin with the operating system's number of the address family: in the stream they stay text. */
const COPIED_ONLY: ReadonlySet<number> = new Set([650, 869]);

/** Those that the stream carries in binary form. */
export const STREAMED_BINARY_TYPES: ReadonlySet<number> = new Set(
  [...BINARY_TYPES].filter((type) => !COPIED_ONLY.has(type)),
);
