import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { Duplex } from 'node:stream';
import { Kysely, PostgresDialect, CamelCasePlugin, sql } from 'kysely';
import { migrate } from '/work/main/store/migrations/index.ts';
import { Writes } from '/work/main/store/writes.ts';
import { Ledger } from '/work/main/store/ledger.ts';
import { Tasks } from '/work/main/store/tasks.ts';
import { taskWithNodes } from '/work/main/test/store/samples.ts';
import { PGliteDialect, TYPES } from '/work/main/store/pglite.ts';
import { mkdtempSync } from 'node:fs';

class S extends Duplex {
  db; constructor(db){ super({decodeStrings:true}); this.db=db; }
  connect(){ process.nextTick(()=>this.emit('connect')); return this; }
  setNoDelay(){return this;} setKeepAlive(){return this;} ref(){return this;} unref(){return this;}
  _read(){}
  _run(b, cb){ if (b[0]===88) { cb(); this.push(null); return; } const r=this.db.execProtocolRawSync(b); if (process.env.DBG) console.log('>',b.length,String.fromCharCode(b[0]),'<',r.length, String.fromCharCode(r[0]??0)); cb(); if (r.length) this.push(Buffer.from(r)); }
  _write(c,e,cb){ this._run(c,cb); }
  _writev(cs,cb){ this._run(Buffer.concat(cs.map(c=>c.chunk)),cb); }
}
const mode = process.argv[2];
const db = await PGlite.create({ dataDir: mkdtempSync('/tmp/pgw/x-'), ...TYPES });
let dialect;
if (mode === 'old') dialect = new PGliteDialect(db);
else {
  const client = new pg.Client({ stream: () => new S(db), user:'postgres', database:'postgres' });
  await client.connect();
  const names = new Map();
  const nameOf = (t)=>{ let n=names.get(t); if(!n) names.set(t,n='s'+names.size); return n; };
  if (mode==='custom') await client.query('set plan_cache_mode = force_custom_plan');
  if (mode==='generic') await client.query('set plan_cache_mode = force_generic_plan');
  dialect = new PostgresDialect({ pool: { connect: async()=>({ query:(t,v)=> mode==='unnamed'? client.query(t,v) : client.query({name:nameOf(t),text:t,values:v}), release(){} }), end: ()=>client.end() } });
}
const k = new Kysely({ dialect, plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })] });
await migrate(k);
const writes = new Writes(k);
const store = { tasks: new Tasks(k), ledger: new Ledger(k, writes) };
const { id } = await taskWithNodes(store as any, 2000);
const t = async (name, n, f) => { for (let i=0;i<8;i++) await f(i); const c0=process.cpuUsage(); for (let i=8;i<n;i++) await f(i); const c=process.cpuUsage(c0); console.log(mode.padEnd(8), name.padEnd(10), ((c.user+c.system)/1000/(n-8)).toFixed(2),'ms cpu'); };
const seven = (i)=>Array.from({length:7},(_,j)=>(i*7+j)%2000);
for (const round of [0,1]) {
await t('begin7',100,(i)=>store.ledger.begin(1,seven(i).map(no=>({taskId:id,no,step:round,try:1}))));
await t('startJob7',100,(i)=>Promise.all(seven(i).map(no=>store.ledger.startJob({taskId:id,no,step:round,try:1,action:0},'x'))));
await t('finishJob7',100,(i)=>Promise.all(seven(i).map(no=>store.ledger.finishJob({taskId:id,no,step:round,try:1,action:0},{status:'ok'}))));
await t('finish7',100,(i)=>Promise.all(seven(i).map(no=>store.ledger.finish({taskId:id,no,step:round,try:1},{status:'ok',exitCode:0,reason:''}))));
await t('settle7',100,(i)=>Promise.all(seven(i).map(no=>store.ledger.settle(id,no,'ok',''+round))));
await t('slice7',100,(i)=>store.ledger.slice(id,seven(i)));
await t('holds',100,()=>store.tasks.holds([id]));
await t('counts',100,()=>store.tasks.counts(id));
await t('failed',100,()=>store.ledger.failed(id,50));
await t('update',100,(i)=>store.tasks.update(id,{batchesDone:i}));
await t('select1',100,()=>sql`select 1`.execute(k));
await t('txn empty',100,()=>k.transaction().execute(async(t)=>{ await sql`select 1`.execute(t); }));
}
await db.close();
process.exit(0);
