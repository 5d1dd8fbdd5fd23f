// How long an operator waits: `npm run build`, then `npx tsx bench/latency.ts [rounds] [nodes]`. Through the built command line and
// `drover dev`, on real sshd nodes; one row a round.
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeView, Page } from '../model/task.ts';
import { Dev } from '../test/support/dev.ts';
import { eventually } from '../test/support/eventually.ts';
import { processesWith } from '../test/support/processes.ts';
import { startSshd } from '../test/support/sshd.ts';

const [rounds = 3, NODES = 20] = process.argv.slice(2).map(Number);

const folder = await mkdtemp(join(tmpdir(), 'drover-latency-'));
await chmod(folder, 0o777);
const file = (name: string) => join(folder, name);
const fleet = await startSshd({ count: NODES });
await writeFile(file('nodes.json'), JSON.stringify(fleet.targets.map((target, i) => ({ ...target, name: `n${i}` }))));

/** Many short commands one after the other on each node; each writes down when it began. */
const shorts = Array.from({ length: 200 }, () => ({ shell: `date +%s.%N >> ${folder}/{{task.name}}` }));
await writeFile(file('short.json'), JSON.stringify({ name: 'short', steps: [{ name: 'short', actions: shorts }] }));
const endless = `sh -c 'trap "" TERM; while :; do sleep 1; done # ${folder}'`;
await writeFile(
  file('long.json'),
  JSON.stringify({ name: 'long', steps: [{ name: 'long', actions: [{ shell: endless }] }] }),
);

const dev = await Dev.in(file('data'));
const ms = (seconds: number) => `${Math.round(seconds * 1000)} ms`.padStart(9);
const now = () => Date.now() / 1000;
const beginnings = async (name: string) =>
  (await readFile(file(name), 'utf8').catch(() => ''))
    .split('\n')
    .filter(Boolean)
    .map(Number)
    .sort((a, b) => a - b);
const submit = (template: string, name: string) =>
  dev.run('run', file(template), '--nodes', file('nodes.json'), '--batch', String(NODES), '--name', name, '--detach');

try {
  let began = now();
  await dev.start();
  console.log(`drover dev ready from an empty folder  ${ms(now() - began)}`);
  await dev.end('SIGTERM');
  began = now();
  await dev.start();
  console.log(`drover dev ready from a used folder    ${ms(now() - began)}`);
  console.log('run → first command | pause → last new command | stop --kill → last process dead');
  for (let round = 1; round <= rounds; round++) {
    const [first, last] = await shortCommands(`short-${round}`);
    console.log(`${ms(first)}           | ${ms(last)}                | ${ms(await killing(`long-${round}`))}`);
  }
  for (const [what, megabytes] of await memory()) console.log(`resident, ${what}: ${megabytes} MB`);
} finally {
  await dev.end('SIGTERM');
  await fleet.stop();
  await rm(folder, { recursive: true, force: true });
}

async function shortCommands(name: string): Promise<[first: number, last: number]> {
  const submitted = now();
  await submit('short.json', name);
  await eventually(async () => (await beginnings(name)).length > 3 * NODES || Promise.reject(new Error('not yet')), {
    within: 30_000,
  });
  const [first = 0] = await beginnings(name);
  const pausing = now();
  await dev.run('pause', name);
  await eventually(async () => {
    const { status } = JSON.parse((await dev.run('show', name, '--json')).stdout) as { status: string };
    if (status !== 'paused') throw new Error(status);
  });
  // Paused, and nothing runs: nothing begins any more.
  await eventually(
    async () => {
      const { items } = JSON.parse((await dev.run('show', name, '--nodes', '--json')).stdout) as Page<NodeView>;
      if (items.some(({ steps }) => steps.some(({ status }) => status === 'running'))) throw new Error('commands run');
    },
    { within: 30_000 },
  );
  const last = (await beginnings(name)).at(-1) ?? 0;
  await dev.run('stop', '--kill', name);
  await dev.run('watch', name);
  return [first - submitted, last - pausing];
}

async function killing(name: string): Promise<number> {
  await submit('long.json', name);
  const marked = () => processesWith(`done # ${folder}`).length;
  await eventually(() => marked() >= NODES || Promise.reject(new Error('not yet')), { within: 30_000 });
  const stopping = now();
  const stopped = dev.run('stop', '--kill', name);
  await eventually(() => marked() === 0 || Promise.reject(new Error('alive')), { within: 60_000 });
  const took = now() - stopping;
  await stopped;
  await dev.run('watch', name);
  return took;
}

/** Of `drover dev` and of its child, Temporal's server. */
async function memory(): Promise<[string, number][]> {
  const of = async (pid: number) =>
    Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) >> 10;
  const named = (text: string) => processesWith(file('data')).filter((pid) => processesWith(text).includes(pid));
  const [drover = 0] = named('bin/drover');
  const [temporal = 0] = named('start-dev');
  return [
    ['drover dev', await of(drover)],
    ["Temporal's server", await of(temporal)],
  ];
}
