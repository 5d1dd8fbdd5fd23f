// A whole rollout over real sshd nodes on this machine, next to a bare ssh2 script that makes the same connections and runs
// the same commands. `npx tsx bench/rollout.ts [nodes] [batch]`
import type { Drover } from '../client/index.ts';
import { startSshd } from '../test/support/sshd.ts';
import { seconds, withEmbedded } from './embedded.ts';
import { floor } from './floor.ts';

const [nodes = 200, batch = 50] = process.argv.slice(2).map(Number);
const STEPS = 3;

const fleet = await startSshd({ count: nodes });
const template = {
  name: 'true',
  steps: Array.from({ length: STEPS }, (_, i) => ({ name: `step-${i + 1}`, actions: [{ shell: 'true' }] })),
};
const targets = fleet.targets.map((target, i) => ({ ...target, name: `n${i}` }));

const run = async (drover: Drover, order: 'step' | 'node') => {
  const task = await drover.run({ template, nodes: targets, rollout: { batch, order } });
  await task.result();
};

const [hostKey = ''] = fleet.hostKeys;
console.log(`${nodes} nodes × ${STEPS} × true, batch ${batch}, exactly-once commands; seconds (ratio to the floor)`);
const bare = () => seconds(() => floor(fleet.targets, STEPS, batch, hostKey));
for (const order of ['step', 'node'] as const) {
  const before = await bare();
  const { cold, warm, again } = await withEmbedded(async ({ drover }) => ({
    cold: await seconds(() => run(drover, order)),
    warm: await seconds(() => run(drover, order)),
    again: await seconds(() => run(drover, order)),
  }));
  const after = await bare();
  const least = (before + after) / 2;
  const row = (what: string, took: number) =>
    console.log(`${what.padEnd(28)} ${took.toFixed(2).padStart(6)}   ${(took / least).toFixed(2)}`);
  row('floor, cold (before, after)', least);
  row(`drover, order ${order}, cold`, cold);
  row(`drover, order ${order}, warm`, warm);
  row(`drover, order ${order}, warm again`, again);
}
await fleet.stop();
