// The engine without SSH: every step is a `wait: 0`, so that what is measured is Temporal, the ledger and the workflows.
// `npx tsx bench/engine.ts [nodes…]`
import { seconds, withEmbedded } from './embedded.ts';

const sizes = process.argv.slice(2).map(Number);
const STEPS = 3;
const template = {
  name: 'nothing',
  steps: Array.from({ length: STEPS }, (_, i) => ({ name: `step-${i + 1}`, actions: [{ wait: 0 }] })),
};

console.log(`n nodes × ${STEPS} steps, batch 50, embedded server`);
await withEmbedded(async ({ drover }) => {
  const run = async (nodes: number) => {
    const list = Array.from({ length: nodes }, (_, i) => ({ name: `n${i}`, address: '127.0.0.1' }));
    const task = await drover.run({ template, nodes: list, rollout: { batch: 50 } });
    await task.result();
  };
  await run(50);
  for (const nodes of sizes.length > 0 ? sizes : [100, 200, 500, 1000, 2000]) {
    const took = await seconds(() => run(nodes));
    const rss = Math.round(process.memoryUsage().rss / 1024 / 1024);
    console.log(
      `${String(nodes).padStart(5)} nodes  ${took.toFixed(2).padStart(6)} s  ${Math.round((nodes * STEPS) / took)} node-steps/s  RSS ${rss} MB`,
    );
  }
});
