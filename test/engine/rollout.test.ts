import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NodeView } from '../../model/task.ts';
import { Engine, newTaskName } from '../support/engine.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.start();
});
afterAll(async () => {
  await engine.close();
});

/** Each command writes a line when it begins and one when it ends; the file has them in the order they happened. */
const traced = (step: string) =>
  `echo "+ ${step} {{node.name}}" >> ${engine.folder}/{{task.name}}; sleep 0.1; echo "- ${step} {{node.name}}" >> ${engine.folder}/{{task.name}}`;

const template = () => ({
  name: 'three-steps',
  steps: ['stop', 'copy', 'start'].map((name) => ({ name, actions: [{ shell: traced(name) }] })),
});

interface Line {
  begins: boolean;
  step: string;
  node: string;
}

async function trace(name: string): Promise<Line[]> {
  const lines = await engine.lines(name);
  return lines.map((line) => {
    const [mark = '', step = '', node = ''] = line.split(' ');
    return { begins: mark === '+', step, node };
  });
}

function mostAtOnce(lines: Line[]): number {
  let running = 0;
  return Math.max(...lines.map(({ begins }) => (running += begins ? 1 : -1)));
}

function batchSizes(nodes: NodeView[]): number[] {
  const sizes = new Map<number, number>();
  for (const { batch } of nodes) sizes.set(batch ?? 0, (sizes.get(batch ?? 0) ?? 0) + 1);
  return [...sizes].sort(([a], [b]) => a - b).map(([, size]) => size);
}

describe('three steps on 24 nodes', () => {
  it('run in batches of the planned sizes, each step a barrier of its batch, each command once', async () => {
    const task = await engine.drover.run({
      name: newTaskName('by-step'),
      template: template(),
      nodes: engine.nodes(24),
      rollout: { batch: '30%', canary: 2 },
    });
    expect(await task.result()).toMatchObject({ counts: { total: 24, ok: 24 }, batches: 5 });

    const nodes = await engine.ledger(task);
    expect(batchSizes(nodes)).toEqual([2, 7, 7, 7, 1]);
    expect(nodes.every(({ steps }) => steps.every(({ status, tries }) => status === 'ok' && tries === 1))).toBe(true);

    const lines = await trace(task.name);
    expect(lines).toHaveLength(24 * 3 * 2);
    expect(mostAtOnce(lines)).toBeLessThanOrEqual(7);
    const batchOf = new Map(nodes.map(({ name, batch }) => [name, batch ?? 0]));
    const order = lines.map(
      ({ step, node }) => (batchOf.get(node) ?? 0) * 10 + ['stop', 'copy', 'start'].indexOf(step),
    );
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it('in order `node` take each node through by itself', async () => {
    const task = await engine.drover.run({
      name: newTaskName('by-node'),
      template: template(),
      nodes: engine.nodes(24),
      rollout: { batch: 12, order: 'node' },
    });
    await task.result();
    const lines = await trace(task.name);
    expect(lines).toHaveLength(24 * 3 * 2);
    expect(mostAtOnce(lines)).toBeLessThanOrEqual(12);
    const steps = lines.filter(({ node, begins }) => begins && node === 'n05').map(({ step }) => step);
    expect(steps).toEqual(['stop', 'copy', 'start']);
  });

  it('in lanes never have more nodes in flight than the batch', async () => {
    const task = await engine.drover.run({
      name: newTaskName('lanes'),
      template: template(),
      nodes: engine.nodes(24),
      rollout: { batch: 6, lanes: 3 },
    });
    await task.result();
    const lines = await trace(task.name);
    expect(lines).toHaveLength(24 * 3 * 2);
    expect(mostAtOnce(lines)).toBeLessThanOrEqual(6);
    expect(batchSizes(await engine.ledger(task))).toEqual(Array.from({ length: 12 }, () => 2));
  });
});
