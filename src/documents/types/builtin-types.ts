import type { PlainKind, ValueType } from './value-type.ts';

/** Oids of built-in types never change. A test holds them against the catalogs of all versions: a type without a row here is `other`. */
const PLAIN: Readonly<Record<PlainKind, readonly number[]>> = {
  boolean: [16],
  integer: [20, 21, 23, 26, 28, 29], // int8, int2, int4, oid, xid, cid
  numeric: [1700],
  float4: [700],
  float8: [701],
  money: [790],
  text: [25, 1042, 1043, 142], // text, bpchar, varchar, xml
  citext: [],
  // name, tid, pg_lsn, xid8, txid_snapshot, pg_snapshot, refcursor, aclitem, jsonpath, tsquery, int2vector, oidvector, reg*
  keyword: [
    19, 27, 3220, 5069, 2970, 5038, 1790, 1033, 4072, 3615, 22, 30, 24, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089,
    4096, 4191,
  ],
  byte: [18],
  uuid: [2950],
  date: [1082],
  time: [1083],
  timetz: [1266],
  timestamp: [1114],
  timestamptz: [1184],
  interval: [1186],
  json: [114],
  jsonb: [3802],
  bytea: [17],
  bit: [1560, 1562],
  inet: [869],
  cidr: [650],
  macaddr: [829, 774],
  point: [600],
  geometric: [601, 602, 603, 604, 628, 718],
  hstore: [],
  tsvector: [3614],
  vector: [],
  other: [],
};

/** [range, multirange, subtype] */
const RANGES: readonly (readonly [number, number, number])[] = [
  [3904, 4451, 23], // int4
  [3926, 4536, 20], // int8
  [3906, 4532, 1700], // num
  [3908, 4533, 1114], // ts
  [3910, 4534, 1184], // tstz
  [3912, 4535, 1082], // date
];

/** [element, its array] */
const ARRAYS: readonly (readonly [number, number])[] = [
  [16, 1000],
  [17, 1001],
  [18, 1002],
  [19, 1003],
  [20, 1016],
  [21, 1005],
  [22, 1006],
  [23, 1007],
  [24, 1008],
  [25, 1009],
  [26, 1028],
  [27, 1010],
  [28, 1011],
  [29, 1012],
  [30, 1013],
  [114, 199],
  [142, 143],
  [600, 1017],
  [601, 1018],
  [602, 1019],
  [603, 1020],
  [604, 1027],
  [628, 629],
  [650, 651],
  [700, 1021],
  [701, 1022],
  [718, 719],
  [774, 775],
  [790, 791],
  [829, 1040],
  [869, 1041],
  [1033, 1034],
  [1042, 1014],
  [1043, 1015],
  [1082, 1182],
  [1083, 1183],
  [1114, 1115],
  [1184, 1185],
  [1186, 1187],
  [1266, 1270],
  [1560, 1561],
  [1562, 1563],
  [1700, 1231],
  [1790, 2201],
  [2202, 2207],
  [2203, 2208],
  [2204, 2209],
  [2205, 2210],
  [2206, 2211],
  [2950, 2951],
  [2970, 2949],
  [3220, 3221],
  [3614, 3643],
  [3615, 3645],
  [3734, 3735],
  [3769, 3770],
  [3802, 3807],
  [4072, 4073],
  [4089, 4090],
  [4096, 4097],
  [4191, 4192],
  [5038, 5039],
  [5069, 271],
  [3904, 3905],
  [3906, 3907],
  [3908, 3909],
  [3910, 3911],
  [3912, 3913],
  [3926, 3927],
  [4451, 6150],
  [4532, 6151],
  [4533, 6152],
  [4534, 6153],
  [4535, 6155],
  [4536, 6157],
];

const BOX = 603;

function table(): Map<number, ValueType> {
  const types = new Map<number, ValueType>();
  for (const [kind, oids] of Object.entries(PLAIN)) {
    for (const oid of oids) types.set(oid, { kind: kind as PlainKind });
  }
  for (const [range, multirange, of] of RANGES) {
    const subtype = types.get(of);
    if (subtype === undefined) continue;
    types.set(range, { kind: 'range', subtype });
    types.set(multirange, { kind: 'multirange', subtype });
  }
  for (const [of, array] of ARRAYS) {
    const element = types.get(of);
    if (element !== undefined) types.set(array, { kind: 'array', element, delimiter: of === BOX ? ';' : ',' });
  }
  return types;
}

const TYPES: ReadonlyMap<number, ValueType> = table();

/** Undefined: not built in, or of a version that we don't know; a {@link TypeSource} describes it. */
export function builtinType(oid: number): ValueType | undefined {
  return TYPES.get(oid);
}
