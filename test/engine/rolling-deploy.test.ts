import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { croupierCloud } from '../../demo/clouds/croupier.ts';
import type { Actor } from '../../model/actor.ts';
import type { Node } from '../../model/node.ts';
import { parseDocuments } from '../../model/parse/index.ts';
import { apply } from '../../store/catalogue/apply.ts';
import { Balancer } from '../support/balancer.ts';
import { Engine, newTaskName } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';
import { Load, type LoadResult } from '../support/load.ts';
import { WebService } from '../support/web-service.ts';

const ACTOR: Actor = { name: 'ann', role: 'operator', via: 'token', from: null };

/** On a Temporal that other tests share, where a pool's queue goes by its name. */
const WEB = newTaskName('web');

let engine: Engine;
let nodes: Node[];
let service: WebService;
let balancer: Balancer;
let vendor: Awaited<ReturnType<typeof croupierCloud>>;

/** Six nodes with a service each, behind a balancer that the pool's provider takes them out of and puts them into. */
beforeAll(async () => {
  engine = await Engine.start();
  nodes = engine.nodes(6);
  service = await WebService.in(engine.folder);
  balancer = await Balancer.start(nodes.map(({ name, address }) => ({ id: name, host: address, port: service.port })));
  vendor = await croupierCloud({
    nodes: nodes.map(({ name, address }) => ({ id: name, ip: address })),
    onDrain: (id) => balancer.takeOut(id),
    onUndrain: (id) => balancer.putIn(id),
  });
  await givePool();
  await (await deploy('1', 'blunt')).result();
});
afterAll(async () => {
  await service.end();
  await vendor.cloud.close();
  await balancer.close();
  await engine.close();
});

async function givePool(): Promise<void> {
  const replace = { name: 'replace', actions: [{ shell: service.replace('{{version}}') }] };
  const healthy = { check: { http: service.healthOf('{{version}}'), within: '20s', interval: '50ms' } };
  const blunt = [replace, { name: 'healthy', actions: [healthy] }];
  const params = { version: { required: true } };
  const documents = parseDocuments([
    { kind: 'cluster', name: 'east' },
    { kind: 'service', name: 'shop', cluster: 'east', type: 'http' },
    { kind: 'template', name: 'blunt', params, steps: blunt },
    { kind: 'template', name: 'gentle', params, steps: [{ use: 'drain' }, ...blunt, { use: 'undrain' }] },
    {
      ...{ kind: 'pool', name: WEB, service: 'shop', templates: { deploy: 'gentle' } },
      provider: {
        croupier: {
          ...{ endpoint: vendor.cloud.endpoint, token: 'secret:CROUPIER_TOKEN', address: 'ip' },
          ...{ poll: '50ms', requestsPerSecond: 200 },
        },
      },
    },
  ]);
  process.env['CROUPIER_TOKEN'] = 'croupier-token';
  await engine.store.catalogue.change(ACTOR, async (edit) => {
    await apply(edit, documents, { prune: false });
    const pool = await edit.pools.named(WEB);
    await edit.nodes.add(
      pool?.id ?? 0,
      nodes.map((node) => ({ node, vmId: node.name })),
    );
  });
}

function deploy(version: string, templateName: string) {
  const rollout = { batch: 2 };
  return engine.drover.run({ pool: WEB, do: { deploy: {} }, templateName, params: { version }, rollout });
}

/** Deploys a version to all six under constant load, which begins before and ends afterwards. */
async function underLoad(version: string, templateName: string): Promise<LoadResult> {
  const load = new Load(balancer.url);
  try {
    await eventually(() => expect(load.requests).toBeGreaterThan(50));
    await (await deploy(version, templateName)).result();
    const before = load.requests;
    await eventually(() => expect(load.requests).toBeGreaterThan(before + 50));
  } finally {
    await load.stop();
  }
  return load.stop();
}

describe('a rolling deploy of an HTTP service under constant load', () => {
  it('loses not one request when each batch is drained before and undrained after', async () => {
    const { requests, failures, answers } = await underLoad('2', 'gentle');
    expect(failures).toEqual([]);
    expect([...answers.keys()].sort()).toEqual(['1', '2']);
    expect([...answers.values()].reduce((sum, count) => sum + count, 0)).toBe(requests);
    expect(balancer.inRotation).toHaveLength(6);
    expect(vendor.cloud.count('drain')).toBe(6);
    const pool = await engine.store.catalogue.pools.named(WEB);
    const names = nodes.map(({ name }) => name);
    expect(await engine.store.rotation.drainedBy(pool?.id ?? 0, names)).toEqual(new Map());
    console.log(`with drain and undrain: ${requests} requests, ${failures.length} failed`);
  });

  it('loses some without', async () => {
    const { requests, failures, answers } = await underLoad('3', 'blunt');
    expect(failures.length).toBeGreaterThan(0);
    expect(answers.get('3')).toBeGreaterThan(0);
    console.log(`without: ${requests} requests, ${failures.length} failed, as ${failures[0]}`);
  });
});
