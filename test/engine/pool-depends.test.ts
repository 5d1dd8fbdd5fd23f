import { afterAll, beforeAll, expect, it } from 'vitest';
import { Engine, newTaskName } from '../support/engine.ts';
import { applyAll, poolNamed, poolOf, SERVICE, templatesOf } from '../support/pools.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.start();
  await applyAll(engine.store, SERVICE);
});
afterAll(async () => {
  await engine.close();
});

/** Writes when it ran, by the nodes' clock, which is one for all of them. */
const step = (name: string) => ({
  name,
  actions: [{ shell: `echo $(date +%s%N) ${name} {{node.name}} >> ${engine.folder}/order` }],
});

const steps = () => ({
  expand: [{ use: 'create_vm' }, step('install'), step('start')],
  shrink: [{ use: 'return_vm' }],
  deploy: [step('start')],
});

/** With these of the nodes as its spares. */
async function pool(name: string, [from, to]: [number, number], others: object = {}): Promise<void> {
  await applyAll(engine.store, [
    ...templatesOf(name, steps()),
    poolNamed(name, { provider: { ssh: { spares: engine.nodes(30).slice(from, to) } }, ...others }),
  ]);
}

/** Names of nodes by the step they ran, in the order of time. */
async function order(): Promise<string[]> {
  const lines = (await engine.lines('order')).map((line) => line.split(' '));
  return lines.sort(([a = ''], [b = '']) => a.localeCompare(b)).map(([, name, node]) => `${name ?? ''} ${node ?? ''}`);
}

it('grows the pools that a pool depends on first, and those that they depend on before them', async () => {
  await pool('db', [0, 5]);
  await pool('cache', [5, 10], { dependsOn: [{ pool: 'db', ratio: 0.5, before: 'start' }] });
  await pool('web', [10, 16], { dependsOn: [{ pool: 'cache', ratio: 0.5, extra: 1, before: 'start' }] });

  const name = newTaskName('grow');
  const task = await engine.drover.expand({ pool: 'web', count: 5, name, rollout: { batch: 3 } });
  expect((await task.result()).counts).toMatchObject({ total: 5, ok: 5 });

  expect((await poolOf(engine.store, 'web')).nodes).toHaveLength(5);
  expect((await poolOf(engine.store, 'cache')).nodes).toHaveLength(4); // ceil(5 × 0.5) + 1, once for both batches
  expect((await poolOf(engine.store, 'db')).nodes).toHaveLength(2);
  const ran = await order();
  const first = (what: string) => ran.findIndex((line) => line.startsWith(what));
  const last = (what: string) => ran.findLastIndex((line) => line.startsWith(what));
  expect(last('start cache')).toBeLessThan(first('start web'));
  expect(last('start db')).toBeLessThan(first('start cache'));
  expect(first('install web')).toBeLessThan(first('install cache')); // only before the step that needs it

  const { steps: ledger } = (await engine.ledger(task))[0] ?? { steps: [] };
  expect(ledger.map((one) => [one.name, one.status])).toEqual([
    ['create_vm', 'ok'],
    ['install', 'ok'],
    ['grow cache', 'ok'],
    ['start', 'ok'],
  ]);
});

it('fails, and gives its machines back, when a pool it depends on cannot grow; a retry goes on with both', async () => {
  await pool('small', [16, 17]);
  await pool('shop', [20, 23], { dependsOn: [{ pool: 'small', ratio: 1, before: 'start' }] });
  const task = await engine.drover.expand({ pool: 'shop', count: 2, name: newTaskName('fail') });
  await expect(task.result()).rejects.toThrow('2 of 2 nodes failed');
  const [node] = await engine.ledger(task);
  expect(node?.reason).toContain(`pool small did not grow: task ${task.name}-small is failed`);
  expect(node?.reason).toContain('1 of 2 nodes failed: small-2 at create_vm');
  const [, second] = await engine.ledger(engine.drover.task(`${task.name}-small`));
  expect(second?.reason).toContain('the provider has 1 of the 2 spare machines that were wanted');
  const shop = await poolOf(engine.store, 'shop');
  expect(shop.nodes).toEqual([]);
  expect(await engine.store.machines.live(shop.id)).toEqual([]);

  await pool('small', [16, 19]);
  await task.retry();
  expect((await task.result()).counts).toMatchObject({ ok: 2 });
  expect((await poolOf(engine.store, 'shop')).nodes).toHaveLength(2);
  expect((await poolOf(engine.store, 'small')).nodes).toHaveLength(2);
});

it('is refused when there is no step of that name', async () => {
  await pool('odd', [24, 25], { dependsOn: [{ pool: 'db', ratio: 1, before: 'begin' }] });
  const task = await engine.drover.expand({ pool: 'odd', count: 1, name: newTaskName('odd') });
  await expect(task.result()).rejects.toThrow('has no step begin, before which pool db is to grow');
});
