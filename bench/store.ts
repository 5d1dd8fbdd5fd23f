/** How fast the store writes, in each of its databases: `npx tsx bench/store.ts`. Prints; judges nothing. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DEFAULT_ROLLOUT } from '../model/rollout.ts';
import { openStore, type Store } from '../store/store.ts';
import { startPostgres } from '../test/support/postgres.ts';

const NODES = 10_000;
/** Nodes that write at the same time. */
const AT_ONCE = 200;
const CHUNK = 64 * 1024;
const LOG = 64 * 1024 * 1024;

const folder = await mkdtemp(join(tmpdir(), 'drover-bench-'));
await bench('PGlite', () => openStore({ folder }));
await rm(folder, { recursive: true });

const postgres = await startPostgres({ durable: true });
await bench('PostgreSQL, fsync on', () => openStore({ url: postgres.url }));
await postgres.stop();

async function bench(database: string, open: () => Promise<Store>): Promise<void> {
  console.log(`\n${database}`);
  const store = await timed('open, empty', open, (ms) => `${ms.toFixed(0)} ms`);
  const taskId = await newTask(store);
  const nos = Array.from({ length: NODES }, (_, no) => no);

  const perSecond = (count: number) => (ms: number) => `${Math.round((count * 1000) / ms)}/s`;
  await timed(
    `step writes (begin, finish), one at a time`,
    async () => {
      for (const no of nos.slice(0, 500)) await step(store, taskId, no, 0);
    },
    perSecond(1000),
  );
  await timed(
    `step writes (begin, finish), ${AT_ONCE} nodes at once`,
    () => atOnce(nos, (no) => step(store, taskId, no, 1)),
    perSecond(2 * NODES),
  );
  await timed(
    `remaining() of ${NODES} nodes`,
    () => store.ledger.remaining(taskId),
    (ms) => `${ms.toFixed(0)} ms`,
  );
  const bytes = Buffer.alloc(CHUNK, 'one line of output like many others\n');
  await timed(
    `log chunks of ${CHUNK} bytes, 20 nodes at once`,
    () =>
      atOnce(nos.slice(0, 20), async (no) => {
        const ref = { taskId, no, step: 0, try: 1, action: 0 };
        for (let at = 0; at < LOG / 20; at += CHUNK) await store.logs.append(ref, 'out', at, bytes, at + CHUNK);
      }),
    (ms) => `${(LOG / 1_000 / ms).toFixed(1)} MB/s`,
  );
  console.log(`  resident memory: ${(process.memoryUsage().rss / 1_000_000).toFixed(0)} MB`);
  await store.close();
  const again = await timed('open again', open, (ms) => `${ms.toFixed(0)} ms`);
  await again.close();
}

async function newTask(store: Store): Promise<string> {
  const step = { actions: [{ wait: 0 }], timeout: 0, retry: { times: 0, delay: 0 }, onError: 'fail' } as const;
  const steps = ['one', 'two'].map((name) => ({ ...step, name, actions: [...step.actions] }));
  const { task } = await store.tasks.create({
    ...{ name: 'bench', kind: 'run', pool: null, template: { name: 'bench', params: {}, steps }, params: {} },
    ...{ rollout: DEFAULT_ROLLOUT, digest: '', startedBy: '', nodesTotal: NODES, workflowId: 'bench', runId: null },
  });
  const nodes = Array.from({ length: NODES }, (_, no) => ({ name: `node-${no}`, address: '192.0.2.1' }));
  await timed(
    `add ${NODES} nodes`,
    () => store.tasks.addNodes(task.id, 0, nodes),
    (ms) => `${ms.toFixed(0)} ms`,
  );
  return task.id;
}

async function step(store: Store, taskId: string, no: number, index: number): Promise<void> {
  const ref = { taskId, no, step: index, try: 1 };
  await store.ledger.begin(1, [ref]);
  await store.ledger.finish(ref, { status: 'ok', exitCode: 0, reason: '' });
}

async function atOnce(nos: readonly number[], work: (no: number) => Promise<void>): Promise<void> {
  const left = [...nos];
  const worker = async () => {
    for (let no = left.pop(); no !== undefined; no = left.pop()) await work(no);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function timed<Result>(
  what: string,
  work: () => Promise<Result>,
  figure: (ms: number) => string,
): Promise<Result> {
  const start = performance.now();
  const result = await work();
  console.log(`  ${what}: ${figure(performance.now() - start)}`);
  return result;
}
