import { readFileSync } from 'node:fs';
import net from 'node:net';
import ssh2 from 'ssh2';
import { Fleet } from '../remote/fleet.ts';
import { runJob } from '../remote/job.ts';
import { runPlain } from '../remote/exec.ts';
import type { Target } from '../remote/target.ts';
import { startSshd, type SshdFleet } from '../test/support/sshd.ts';

/**
 * What exactly-once commands cost over a fleet of real sshds on this machine, next to a bare ssh2 script (the floor):
 *   npx tsx bench/remote.ts [NODES] [STEPS] [ROUNDS]
 */
const [nodes = 200, steps = 3, rounds = 3] = process.argv.slice(2).map(Number);
const AT_ONCE = 50;

type Step = (target: Target, step: number) => Promise<void>;

const sshd = await startSshd({ count: nodes });
try {
  console.log(`${nodes} nodes, ${steps} commands (true) each, ${AT_ONCE} nodes at once; seconds`);
  for (let round = 1; round <= rounds; round++) await measure(round);
} finally {
  await sshd.stop();
}

async function measure(round: number): Promise<void> {
  const floor = await seconds(() => everyNode((target) => bare(sshd, target)));
  const fleet = new Fleet();
  const job =
    (run: string): Step =>
    async (target, step) => {
      const outcome = await runJob(
        fleet,
        target,
        {
          id: `bench ${process.pid} ${round} ${run} ${target.address} ${step}`,
          script: 'true',
          limit: 600,
          from: { out: 0, err: 0 },
        },
        { begin: () => Promise.resolve(), output: () => Promise.resolve() },
      );
      if (outcome.kind !== 'exited' || outcome.code !== 0)
        throw new Error(`${target.address}: ${JSON.stringify(outcome)}`);
    };
  const plain: Step = async (target) => {
    const outcome = await runPlain(fleet, target, { script: 'true', limit: 600 }, () => Promise.resolve());
    if (outcome.kind !== 'exited' || outcome.code !== 0)
      throw new Error(`${target.address}: ${JSON.stringify(outcome)}`);
  };
  const cold = await seconds(() => everyNode((target) => inOrder(target, job('cold'))));
  const warm = await seconds(() => everyNode((target) => inOrder(target, job('warm'))));
  const warmPlain = await seconds(() => everyNode((target) => inOrder(target, plain)));
  const began = performance.now();
  await fleet.close();
  const close = (performance.now() - began) / 1000;
  const times = (value: number) => `${value.toFixed(2)} (${(value / floor).toFixed(2)} x)`;
  console.log(
    `floor ${floor.toFixed(2)}  jobs cold ${times(cold)}  warm ${times(warm)}  plain, warm ${times(warmPlain)}  closing ${close.toFixed(2)}  ` +
      `memory ${Math.round(process.memoryUsage().rss / 1e6)} MB`,
  );
}

async function seconds(act: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await act();
  return (performance.now() - began) / 1000;
}

async function everyNode(act: (target: Target) => Promise<void>): Promise<void> {
  const left = [...sshd.targets];
  const lane = async () => {
    for (let target = left.shift(); target; target = left.shift()) await act(target);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

async function inOrder(target: Target, act: Step): Promise<void> {
  for (let step = 0; step < steps; step++) await act(target, step);
}

/** A connection, its host key checked, and a plain exec after another. */
async function bare({ identityFile, hostKeys, user }: SshdFleet, { address, port = 22 }: Target): Promise<void> {
  const client = new ssh2.Client();
  const pinned = Buffer.from(hostKeys[0]?.split(' ')[1] ?? '', 'base64');
  await new Promise<void>((resolve, reject) => {
    client.once('ready', resolve).once('error', reject);
    client.connect({
      sock: net.connect({ host: address, port, noDelay: true }),
      username: user,
      privateKey: readFileSync(identityFile),
      hostVerifier: (key: Buffer) => key.equals(pinned),
      algorithms: { serverHostKey: ['ssh-ed25519'] },
    });
  });
  for (let step = 0; step < steps; step++) {
    await new Promise<void>((resolve, reject) => {
      client.exec('/bin/true', (error, channel) => {
        if (error) reject(error);
        else
          channel
            .on('close', () => resolve())
            .resume()
            .stderr.resume();
      });
    });
  }
  client.end();
}
