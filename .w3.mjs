import pg from 'pg'; import fs from 'node:fs';
const N=100000, C=10000;
const c=new pg.Client('postgres://postgres@127.0.0.1:7654/postgres'); await c.connect();
const pid=(await c.query('select pg_backend_pid() p')).rows[0].p;
const cpu=()=>Math.round(+fs.readFileSync(`/proc/${pid}/schedstat`,'utf8').split(' ')[0]/1e6);
await c.query("set session_replication_role=replica; set bytea_output=hex; set timezone=utc");
const cols=['id','k','at','amount','flag','name','note','token'];
const arr={id:1016,k:1007,at:1185,amount:1231,flag:1000,name:1009,note:1009,token:2951};
const types=['int8','int4','timestamptz','numeric','bool','text','text','uuid'];
const vals=cols.slice(1);
const q=v=>v===null?'NULL':'"'+v.replace(/[\\"]/g,'\\$&')+'"';
const lit=(v)=>'{'+v.map(q).join(',')+'}';
const plainT=new Set(['int8','int4','numeric','bool','uuid']);
const plain=(v)=>'{'+v.map(x=>x??'NULL').join(',')+'}';
const bin=(v)=>{let n=20;for(const x of v)n+=4+(x===null?0:Buffer.byteLength(x));const b=Buffer.alloc(n);b.writeInt32BE(1,0);b.writeInt32BE(v.includes(null)?1:0,4);b.writeInt32BE(25,8);b.writeInt32BE(v.length,12);b.writeInt32BE(1,16);let a=20;for(const x of v){if(x===null){a=b.writeInt32BE(-1,a);continue;}const l=Buffer.byteLength(x);a=b.writeInt32BE(l,a);a+=b.write(x,a);}return b;};
const P=cols.map((_,i)=>`$${i+1}::${types[i]}[]`);
const set=vals.map(v=>`${v} = u.${v}`).join(', ');
const A=`update only item as t set ${set} from unnest(${P.join(', ')}) as u(${cols.join(', ')}) where t.id = u.id`;
const B=`update only item as t set ${set} from (select ${P.map((p,i)=>`unnest(${p}) as ${cols[i]}`).join(', ')}) as u where t.id = u.id`;
const K=`with hit as (${B} returning 1) select 1/(count(*)=10000)::int from hit`;
const enc={quoted:(v,i)=>lit(v),plain:(v,i)=>plainT.has(types[i])?plain(v):lit(v),bintext:(v,i)=>types[i]==='text'?bin(v):plainT.has(types[i])?plain(v):lit(v), bintextts:(v,i)=>types[i]==='text'?bin(v):plainT.has(types[i])?plain(v):lit(v)};
const variants={K_bin0:[K,'bintext'],A_q:[A,'quoted'],B_q:[B,'quoted'],B_plain:[B,'plain'],B_bin:[B,'bintext'],K_bin:[K,'bintext']};
const res={};
for(let round=0;round<6;round++)for(const [name,[sql,e]] of Object.entries(variants).sort(()=>Math.random()-.5)){
 await c.query(`drop table if exists item; create table item (
  id bigint primary key, k int not null, at timestamptz not null, amount numeric(12,2) not null, flag bool not null,
  name text not null, note text, token uuid not null); insert into item select i, (i * 7919) % 1000003, timestamptz '2024-01-01 00:00:00+00' + i * interval '1.000001 s', (i % 1000000) / 100.0, i % 2 = 0,
  'item number ' || i, case when i % 4 = 0 then null when i % 7 = 0 then E'tab\\t and \\\\ of ' || i else 'a note about ' || i end,
  md5(i::text)::uuid from generate_series(1,${N}) i`);
 const rows=(await c.query({text:`select ${cols.map(x=>x+'::text').join(',')} from item order by id`,rowMode:'array'})).rows;
 const chunks=[];for(let o=0;o<N;o+=C){chunks.push(cols.map((_,i)=>enc[e](rows.slice(o,o+C).map(r=>r[i]),i)));}
 await c.query('checkpoint');
 const t0=cpu(),w0=performance.now();
 await c.query('begin');
 for(const ch of chunks){await c.query({name,text:sql,values:ch});}
 await c.query('commit');
 (res[name]??=[]).push(cpu()-t0);
}
for(const [k,v] of Object.entries(res))console.log(k,Math.min(...v),v.join(' '),'ms per',N);
if(process.argv[2]){for(const s of [A,B,K]){await c.query('deallocate all');await c.query('prepare x as '+s+''); await c.query('set plan_cache_mode=force_generic_plan'); console.log((await c.query(`explain execute x('{1}','{1}','{2024-01-01}','{1}','{t}','{a}','{a}','{${'a'.repeat(32)}}')`)).rows.map(r=>r['QUERY PLAN']).join('\n'));}}
await c.end();
