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
const STEPS = 3;
const ROUNDS = 5;
/** The vendor's, that a pool may be slower than. */
const RATE = 1000;

process.env['CLOUD_TOKEN'] = 'http-token';
/** All at once, as an expansion does without a word, and in batches. */
const KINDS = SIZES.flatMap((count) =>
  [count, 10].filter((batch, i) => i === 0 || batch < count).map((batch) => ({ count, batch })),
);
const WARM_UP = 10;
const fleet = await startSshd({ count: KINDS.reduce((sum, { count }) => sum + count * ROUNDS, WARM_UP) });
const unused = [...fleet.targets];
const { port = 22, user = '', identityFile = '', knownHosts = '' } = fleet.target;
/** Whose machines nobody has ever logged in to. */
const vendor = (count: number) => httpCloud({ places: unused.splice(0, count) });
const spec = (endpoint: string) => ({ ...httpCloudSpec(endpoint), requestsPerSecond: RATE });

/** What there is to do at the least: in batches, as the pool does it. */
async function bare(count: number, batch: number): Promise<number> {
  const { cloud } = await httpCloud({ places: fleet.targets.slice(0, count) });
  const provider = await http(spec(cloud.endpoint), {
    secret: () => Promise.resolve('http-token'),
    ...{ vmType: 0, sdId: 0, limiters: new Limiters() },
  });
  const call = { signal: new AbortController().signal, say: () => undefined };
  const took = await seconds(async () => {
    for (let from = 0; from < count; from += batch) {
      const ids = await provider.create({ count: Math.min(batch, count - from), key: `${from}`, options: {} }, call);
      const running = (await provider.list(call)).filter(({ id, status }) => ids.includes(id) && status === 'running');
      await floor(running.map(targetOf), STEPS, batch, fleet.hostKeys[0] ?? '');
    }
  });
  await cloud.close();
  return took;
}

function targetOf({ address = '' }: Machine) {
  return { address, port, user, identityFile, knownHosts };
}

let pools = 0;

interface Expansion {
  took: number;
  /** Requests to the vendor. */
  looks: number;
  others: number;
}

async function expand({ drover, store }: Embedded, count: number, batch: number): Promise<Expansion> {
  const { cloud } = await vendor(count);
  const name = `pool-${(pools += 1)}`;
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
    const task = await drover.expand({ pool: name, count, rollout: { batch } });
    await task.result();
  });
  await cloud.close();
  return { took, looks: cloud.count('list'), others: cloud.count() - cloud.count('list') };
}

console.log(
  `expansions, ${STEPS} × true over SSH on each machine; median seconds of ${ROUNDS}, and the least and the most`,
);
await withEmbedded(async (system) => {
  await expand(system, WARM_UP, WARM_UP);
  for (const { count, batch } of KINDS) await measure(system, count, batch);
});
await fleet.stop();

async function measure(system: Embedded, count: number, batch: number): Promise<void> {
  const floors: number[] = [];
  const expansions: Expansion[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    floors.push(await bare(count, batch));
    expansions.push(await expand(system, count, batch));
  }
  const took = expansions.map((one) => one.took);
  const ratio = (median(took) / median(floors)).toFixed(2);
  const what = `${count} machines, ${batch === count ? 'all at once' : `${batch} at once`}`;
  console.log(`${what.padEnd(28)} floor ${spread(floors)}   drover ${spread(took)}   ratio ${ratio}`);
  const [{ looks, others } = { looks: 0, others: 0 }] = expansions;
  const batches = Math.ceil(count / batch);
  console.log(`  requests a machine: ${(others / count).toFixed(2)}; looks at the group: ${looks / batches} a batch`);
}

function spread(all: readonly number[]): string {
  const shown = [median(all), Math.min(...all), Math.max(...all)].map((one) => one.toFixed(2));
  return `${shown[0]} (${shown[1]}–${shown[2]})`;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
