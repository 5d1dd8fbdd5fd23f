import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { TESTER } from '../api/opendcp/serving.ts';
import { echo, OpendcpEngine } from './opendcp-tasks.ts';

let opendcp: OpendcpEngine;
beforeAll(async () => {
  opendcp = await OpendcpEngine.start();
});
afterAll(() => opendcp.close());

interface Started {
  ids: number[];
  names: string[];
}

interface PoolNode {
  id: number;
  ip: string;
  vm_id: string;
  status: number;
  node_type: string;
}

describe("a pool of OpenDCP's with a provider", () => {
  it('is expanded and shrunk: nodes come with their machines, and go with them', async () => {
    const spares = inject('shared')
      .sshd.targets.slice(0, 3)
      .map((target, i) => ({ ...target, name: `spare-${i + 1}` }));
    const expand = await opendcp.template([{ name: 'create_vm', param_values: { vm_type_id: 1 } }, echo('hello')]);
    const shrink = await opendcp.template([echo('bye'), { name: 'return_vm' }]);
    const tasks = { expand, shrink: String(shrink) };
    const pool = await opendcp.client.id('/pool/create', { name: 'grown', service_id: 2, vm_type: 3, tasks });
    const { catalogue, machines } = opendcp.engine.store;
    await catalogue.change(TESTER, (edit) => edit.pools.update(pool, { provider: { ssh: { spares } } }));
    const nodes = async () => (await opendcp.client.data(`/pool/${pool}/list_nodes`)) as PoolNode[];

    const grown = (await opendcp.client.data(`/pool/expand/${pool}`, { num: 2 })) as Started;
    await opendcp.comes(grown.ids[0] ?? 0, { task_name: 'expand_grown', state: 2, Stat: [0, 0, 2, 0, 0] });
    const made = await nodes();
    expect(made).toMatchObject([
      { vm_id: expect.stringMatching(/^spare-\d$/) as string, status: 2, node_type: 'manual' },
      { vm_id: expect.stringMatching(/^spare-\d$/) as string, status: 2, node_type: 'manual' },
    ]);
    expect(await opendcp.detail(grown.ids[0] ?? 0)).toMatchObject(
      made.map(({ ip, vm_id }) => ({ ip, vm_id, state: 2 })),
    );

    const gone = made[0]?.ip ?? '';
    const shrunk = (await opendcp.client.data(`/pool/shrink/${pool}`, { nodes: [gone] })) as Started;
    await opendcp.comes(shrunk.ids[0] ?? 0, { task_name: 'shrink_grown', state: 2, Stat: [0, 0, 1, 0, 0] });
    expect(await nodes()).toEqual(made.slice(1));
    expect(await machines.live(pool)).toHaveLength(1);
  });
});
