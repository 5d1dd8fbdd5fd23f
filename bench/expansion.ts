// Expansions of a pool whose vendor makes machines at once (a double on this machine), bootstrapped over real sshd nodes, next
// to a bare script that makes the same calls and runs the same commands. `npx tsx bench/expansion.ts [machines…]`
import { httpCloud, httpCloudSpec } from '../demo/clouds/http-cloud.ts';
import type { Machine } from '../scale/provider.ts';
import { http } from '../scale/http.ts';
import { Limiters } from '../scale/limiters.ts';
import { applyAll, SERVICE } from '../test/support/pools.ts';
import { startSshd } from '../test/support/sshd.ts';
import type { Embedded } from '../embedded/system.ts';
import { seconds, withEmbedded } from './embedded.ts';
import { floor } from './floor.ts';

const sizes = process.argv.slice(2).map(Number);
const SIZES = sizes.length > 0 ? sizes : [10, 50];
const BATCH = 10;
const STEPS = 3;
const ROUNDS = 3;
/** The vendor's, that a pool may be slower than. */
const RATE = 1000;

process.env['CLOUD_TOKEN'] = 'http-token';
const fleet = await startSshd({ count: Math.max(...SIZES) });
const { port = 22, user = '', identityFile = '', knownHosts = '' } = fleet.target;
const vendor = (count: number) => httpCloud({ places: fleet.targets.slice(0, count) });
const spec = (endpoint: string) => ({ ...httpCloudSpec(endpoint), requestsPerSecond: RATE });

/** What there is to do at the least: in batches, as the pool does it. */
async function bare(count: number): Promise<number> {
  const { cloud } = await vendor(count);
  const provider = await http(spec(cloud.endpoint), {
    secret: () => Promise.resolve('http-token'),
    ...{ vmType: 0, sdId: 0, limiters: new Limiters() },
  });
  const call = { signal: new AbortController().signal, say: () => undefined };
  const took = await seconds(async () => {
    for (let from = 0; from < count; from += BATCH) {
      const ids = await provider.create({ count: Math.min(BATCH, count - from), key: `${from}`, options: {} }, call);
      const running = (await provider.list(call)).filter(({ id, status }) => ids.includes(id) && status === 'running');
      await floor(running.map(targetOf), STEPS, BATCH, fleet.hostKeys[0] ?? '');
    }
  });
  await cloud.close();
  return took;
}

function targetOf({ address = '' }: Machine) {
  return { address, port, user, identityFile, knownHosts };
}

interface Expansion {
  took: number;
  /** Requests to the vendor. */
  looks: number;
  others: number;
}

async function expand({ drover, store }: Embedded, count: number, round: number): Promise<Expansion> {
  const { cloud } = await vendor(count);
  const name = `pool-${count}-${round}`;
  const steps = Array.from({ length: STEPS }, (_, i) => ({ name: `step-${i + 1}`, actions: [{ shell: 'true' }] }));
  await applyAll(store, [
    ...SERVICE,
    { kind: 'template', name, steps: [{ use: 'create_vm' }, ...steps] },
    {
      ...{ kind: 'pool', name, service: 'shop-web', templates: { expand: name } },
      ...{ provider: { http: spec(cloud.endpoint) }, ssh: { port, user, identityFile, knownHosts } },
    },
  ]);
  const took = await seconds(async () => {
    const task = await drover.expand({ pool: name, count, rollout: { batch: BATCH } });
    await task.result();
  });
  await cloud.close();
  return { took, looks: cloud.count('list'), others: cloud.count() - cloud.count('list') };
}

console.log(`expansions in batches of ${BATCH}, ${STEPS} × true over SSH on each machine; medians of ${ROUNDS}`);
await withEmbedded(async (system) => {
  await expand(system, Math.min(...SIZES), -1);
  for (const count of SIZES) {
    const floors: number[] = [];
    const expansions: Expansion[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      floors.push(await bare(count));
      expansions.push(await expand(system, count, round));
    }
    const least = median(floors);
    const took = median(expansions.map((one) => one.took));
    const [{ looks, others } = { looks: 0, others: 0 }] = expansions;
    const spread = (all: number[]) => all.map((one) => one.toFixed(2)).join(', ');
    console.log(
      `${String(count).padStart(4)} machines  floor ${least.toFixed(2)} s (${spread(floors)})` +
        `  drover ${took.toFixed(2)} s (${spread(expansions.map((one) => one.took))})  ratio ${(took / least).toFixed(2)}`,
    );
    const batches = Math.ceil(count / BATCH);
    console.log(
      `               requests: ${others} creations (${(others / count).toFixed(2)} a machine), ${looks} looks at the group (${looks / batches} a batch)`,
    );
  }
});
await fleet.stop();

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
