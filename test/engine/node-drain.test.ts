import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import pino from 'pino';
import { serve } from '../../api/serve.ts';
import type { TaskHandle } from '../../client/index.ts';
import { croupierCloud } from '../../demo/clouds/croupier.ts';
import type { Actor } from '../../model/actor.ts';
import { parseDocuments } from '../../model/parse/index.ts';
import { apply } from '../../store/catalogue/apply.ts';
import type { StandingNode } from '../../store/nodes-of-pools.ts';
import { Engine, newTaskName } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';

const ACTOR: Actor = { name: 'ann', role: 'operator', via: 'token', from: null };

/** On a Temporal that other tests share, where a pool's queue goes by its name. */
const WEB = newTaskName('web');
const GAME = newTaskName('game');

let engine: Engine;
let server: Awaited<ReturnType<typeof serve>>;
beforeAll(async () => {
  engine = await Engine.start();
  const { store, drover } = engine;
  const log = pino({ level: 'silent' });
  const parts = { store, drover, namespace: 'default', version: '1', log, workers: () => Promise.resolve(1) };
  server = await serve(parts, { host: '127.0.0.1', port: 0 });
  const note = (step: string) => ({
    name: step,
    actions: [{ shell: `echo {{node.name}} >>${engine.folder}/${step}` }],
  });
  const documents = parseDocuments([
    { kind: 'cluster', name: 'east' },
    { kind: 'service', name: 'shop', cluster: 'east' },
    { kind: 'template', name: 'bounce', steps: [note('bounced')] },
    { kind: 'pool', name: WEB, service: 'shop', nodes: engine.nodes(3), templates: { restart: 'bounce' } },
  ]);
  await engine.store.catalogue.change(ACTOR, (edit) => apply(edit, documents, { prune: false }));
});
afterAll(async () => {
  await server.close();
  await engine.close();
});
afterEach(async () => {
  for (const { id } of (await engine.store.nodes.list({ limit: 9 })).items) await engine.store.rotation.letIn(id);
});

async function node(name: string): Promise<StandingNode> {
  const [found] = (await engine.store.nodes.list({ name, limit: 1 })).items;
  if (!found) throw new Error(`no node ${name}`);
  return found;
}

async function ask(what: string, name: string, body: object = {}): Promise<{ status: number; text: string }> {
  const response = await fetch(`${server.url}/api/v1/nodes/${(await node(name)).id}/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'olga' },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

/** A task over the pool, a node at a time, that waits for `go` in its first step. */
function slowTask(go: string, template: object = {}): Promise<TaskHandle> {
  const steps = [
    {
      name: 'wait',
      actions: [{ shell: `echo {{node.name}} >>${engine.folder}/begun-${go}; ${engine.waitingFor(go)}` }],
    },
    { name: 'after', actions: [{ shell: `echo {{node.name}} >>${engine.folder}/after-${go}` }] },
  ];
  return engine.drover.run({
    ...{ name: newTaskName('slow'), pool: WEB, template: { name: 'slow', steps, ...template } },
    rollout: { batch: 1, order: 'node' },
  });
}

const statuses = async (task: TaskHandle) =>
  (await engine.ledger(task)).map(({ name, status, reason }) => `${name} ${status} ${reason}`.trim());

describe('a node that is drained', () => {
  it('is waited for while a task has it, to the last step of its batch', async () => {
    const task = await slowTask('first');
    await eventually(async () => expect(await engine.lines('begun-first')).toEqual(['n01']));
    const refused = await ask('drain', 'n01', { timeout: 1 });
    expect([refused.status, refused.text]).toEqual([409, expect.stringContaining(`task ${task.name} (step wait)`)]);
    const draining = ask('drain', 'n01', { timeout: 60 });
    await engine.touch('first');
    expect((await draining).status).toBe(200);
    expect(await engine.lines('after-first')).toContain('n01');
    expect(await node('n01')).toMatchObject({ status: 'drained', drainedBy: 'olga' });
    await task.result();
    expect(await statuses(task)).toEqual(['n01 ok', 'n02 ok', 'n03 ok']);
  });

  it('is left out of batches that have not begun, and its task goes on', async () => {
    const task = await slowTask('second');
    await eventually(async () => expect(await engine.lines('begun-second')).toEqual(['n01']));
    expect((await ask('drain', 'n02')).status).toBe(200);
    await engine.touch('second');
    await task.result();
    expect(await statuses(task)).toEqual(['n01 ok', 'n02 skipped drained by olga', 'n03 ok']);
    expect(await engine.lines('begun-second')).toEqual(['n01', 'n03']);
  });

  it('is taken by a task that names it, and stays out of rotation: it is restarted so', async () => {
    await ask('drain', 'n03');
    const restarted = await ask('restart', 'n03');
    expect(restarted.status).toBe(200);
    const { task: name } = JSON.parse(restarted.text) as { task: string };
    const task = engine.drover.task(name);
    await task.result();
    expect(await engine.lines('bounced')).toEqual(['n03']);
    expect(await engine.store.tasks.get(name)).toMatchObject({ kind: 'deploy', pool: WEB, startedBy: 'olga' });
    expect(await node('n03')).toMatchObject({ status: 'drained', drainedBy: 'olga' });
    const over = await engine.drover.run({ pool: WEB, templateName: 'bounce' });
    await over.result();
    expect(await statuses(over)).toEqual(['n01 ok', 'n02 ok', 'n03 skipped drained by olga']);
  });
});

describe('a node of a pool without a template for restarts', () => {
  it('is restarted by its provider', async () => {
    const restarted: string[] = [];
    const { cloud } = await croupierCloud({ nodes: [{ id: 'g-1' }], onRestart: (id) => void restarted.push(id) });
    try {
      process.env['CROUPIER_TOKEN'] = 'croupier-token';
      const croupier = { endpoint: cloud.endpoint, token: 'secret:CROUPIER_TOKEN', poll: '50ms' };
      const documents = parseDocuments([{ kind: 'pool', name: GAME, service: 'shop', provider: { croupier } }]);
      await engine.store.catalogue.change(ACTOR, async (edit) => {
        await apply(edit, documents, { prune: false });
        const pool = await edit.pools.named(GAME);
        await edit.nodes.add(pool?.id ?? 0, [{ node: { name: 'game-1', address: '' }, vmId: 'g-1' }]);
      });
      const { task } = JSON.parse((await ask('restart', 'game-1')).text) as { task: string };
      await engine.drover.task(task).result();
      expect(restarted).toEqual(['g-1']);
    } finally {
      await cloud.close();
    }
  });
});

describe('a node that a task has drained', () => {
  const steps = (then: string) => [{ use: 'drain' }, { name: 'then', actions: [{ shell: then }] }, { use: 'undrain' }];
  const run = (then: string, some: { nodes?: string[] } = { nodes: ['n01', 'n02'] }) =>
    engine.drover.run({ pool: WEB, ...some, template: { name: 'roll', steps: steps(then) } });

  it('stays out when the task fails there, and the next one brings it back', async () => {
    const failed = await run('test {{node.name}} != n01');
    await expect(failed.result()).rejects.toThrow('1 of 2 nodes failed');
    expect([await node('n01'), await node('n02')]).toMatchObject([
      { status: 'drained', drainedBy: failed.name },
      { status: 'active' },
    ]);
    await (await run('true', {})).result();
    expect(await node('n01')).toMatchObject({ status: 'active', drainedBy: '' });
  });

  it('stays out when a person drains it, too, whatever the task does then', async () => {
    const task = await run(engine.waitingFor('third'));
    await eventually(async () => expect(await node('n01')).toMatchObject({ drainedBy: task.name, status: 'draining' }));
    const draining = ask('drain', 'n01', { timeout: 60 });
    await eventually(async () => expect((await node('n01')).drainedBy).toBe('olga'));
    await engine.touch('third');
    await task.result();
    expect((await draining).status).toBe(200);
    expect([await node('n01'), await node('n02')]).toMatchObject([{ drainedBy: 'olga' }, { drainedBy: '' }]);
  });
});
