import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { TaskHandle } from '../../client/index.ts';
import { freePort } from '../../embedded/port.ts';
import type { Node } from '../../model/node.ts';
import type { NodeView } from '../../model/task.ts';
import { Engine, named, newTaskName } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';
import { startProxy, type Proxy } from '../support/proxy.ts';
import { makeKey, startSshd, type SshdFleet } from '../support/sshd.ts';

let engine: Engine;
let sshd: SshdFleet;
beforeAll(async () => {
  sshd = await startSshd({ count: 5 });
  engine = await Engine.start({ reconnectWithin: 3_000, ssh: { connectTimeout: 1_500 } });
});
afterAll(async () => {
  await engine.close();
  await sshd.stop();
});

/** All in one batch. The first command appends a line to a file of its node, so that a second run would show. */
const start = (nodes: Node[], shell = 'echo done'): Promise<TaskHandle> =>
  engine.drover.run({
    name: newTaskName('unreachable'),
    template: {
      name: 'unreachable',
      steps: [
        { name: 'first', actions: [{ shell: `echo run >> ${engine.folder}/{{task.name}}-{{node.name}}; ${shell}` }] },
        { name: 'second', actions: [{ shell: 'true' }] },
      ],
    },
    nodes,
    rollout: { batch: '100%', onBudget: 'continue' },
  });

const runs = (task: TaskHandle, node: string) => engine.lines(`${task.name}-${node}`);

async function proxied(node: Node): Promise<{ node: Node; proxy: Proxy }> {
  const proxy = await startProxy(node);
  onTestFinished(() => proxy.close());
  return { proxy, node: { ...proxy.target, name: node.name } };
}

/** `healthy` nodes and one more. */
function withOne(change: (node: Node) => Node): { nodes: Node[]; healthy: string[]; broken: string } {
  const [broken, ...healthy] = named(sshd.targets);
  if (!broken) throw new Error('a fleet needs a node');
  return { nodes: [change(broken), ...healthy], healthy: healthy.map(({ name }) => name), broken: broken.name };
}

/** The one node fails with this reason, having run nothing; the others finish. */
async function expectUnreachable(change: (node: Node) => Node, reason: RegExp): Promise<void> {
  const { nodes, broken } = withOne(change);
  const task = await start(nodes);
  await expect(task.result()).rejects.toThrow(`1 of ${nodes.length} nodes failed: ${broken} at first`);
  const [first, ...others] = await engine.ledger(task);
  expect(first).toMatchObject({
    status: 'unreachable',
    steps: [{ status: 'unreachable', exitCode: null }, { status: 'pending' }],
  });
  expect(first?.steps[0]?.reason).toMatch(reason);
  expect(first?.reason).toBe(`first: ${first?.steps[0]?.reason ?? ''}`);
  expect(await runs(task, broken)).toEqual([]);
  expect(others.map(({ status }) => status)).toEqual(others.map(() => 'ok'));
}

describe('a node that cannot be reached is unreachable, says why, and holds up no other:', () => {
  it('one that refuses connections', async () => {
    const port = await freePort();
    await expectUnreachable((node) => ({ ...node, port }), new RegExp(`^connection refused by 127\\.\\S+:${port}$`));
  });

  it('one with another host key than the known one', async () => {
    makeKey(join(sshd.folder, 'other-host'));
    const key = await readFile(join(sshd.folder, 'other-host.pub'), 'utf8');
    const knownHosts = join(sshd.folder, 'known-other');
    await writeFile(knownHosts, `[${sshd.target.address}]:${sshd.port} ${key}`);
    await expectUnreachable(
      (node) => ({ ...node, knownHosts }),
      /host key .* has changed: \S*known-other:1 has ssh-ed25519 SHA256:/,
    );
  });

  it('one whose host key nobody knows', async () => {
    const knownHosts = join(sshd.folder, 'known-none');
    await expectUnreachable((node) => ({ ...node, knownHosts }), /host key .* is not known: /);
  });

  it('one whose name nobody knows', async () => {
    await expectUnreachable((node) => ({ ...node, address: 'no-such-host.invalid' }), /no-such-host\.invalid/);
  });

  it('one that refuses the login', async () => {
    const identityFile = join(sshd.folder, 'wrong-key');
    makeKey(identityFile);
    await expectUnreachable(
      (node) => ({ ...node, identityFile }),
      /^login as \S+@127\.\S+ refused: tried \S*wrong-key/,
    );
  });

  it('one that accepts connections and says nothing', async () => {
    const sockets = new Set<net.Socket>();
    const silent = net.createServer((socket) => sockets.add(socket.on('error', () => undefined)));
    onTestFinished(() => {
      silent.close();
      for (const socket of sockets) socket.destroy();
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    await expectUnreachable(
      (node) => ({ ...node, address: '127.0.0.1', port }),
      new RegExp(`^no answer from 127\\.0\\.0\\.1:${port} within 1\\.5 s$`),
    );
  });
});

describe('a node whose connection drops in the middle of a command', () => {
  const logged = async (task: TaskHandle, text: string) =>
    await eventually(async () => expect(await engine.log(task, 0)).toContain(text), { within: 30_000 });

  const brokenFirst = async (): Promise<{ nodes: Node[]; proxy: Proxy }> => {
    const [first, ...others] = named(sshd.targets);
    if (!first) throw new Error('a fleet needs a node');
    const { node, proxy } = await proxied(first);
    return { nodes: [node, ...others], proxy };
  };

  const expectUnknown = async (task: TaskHandle, reason: RegExp): Promise<NodeView> => {
    await expect(task.result()).rejects.toThrow('1 of 5 nodes failed: n01 at first');
    const [first, ...others] = await engine.ledger(task);
    if (!first) throw new Error('no node in the ledger');
    expect(first).toMatchObject({ status: 'unknown', steps: [{ status: 'unknown', tries: 1 }, { status: 'pending' }] });
    expect(first.steps[0]?.reason).toMatch(reason);
    expect(others.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'ok']);
    return first;
  };

  /** On the first node only: prints, then waits. */
  const waiting = () => `echo before; if [ {{node.name}} = n01 ]; then ${engine.waitingFor('go')}; fi; echo after`;

  it('for good is unknown, with what happened and what may be; the others finish', async () => {
    const { nodes, proxy } = await brokenFirst();
    const task = await start(nodes, waiting());
    await logged(task, 'before');
    await proxy.refuse();
    await expectUnknown(
      task,
      /^lost the connection \(.+\) and could not reach the node again for 3 s: connection refused by 127\.0\.0\.1:\d+; the command may still be running there$/,
    );
    await engine.touch('go');
    await proxy.accept();
    await engine.remove('go');
  });

  it('and comes back goes on: run once, every line once', async () => {
    const { nodes, proxy } = await brokenFirst();
    const lines = 'i=1; while [ $i -le 40 ]; do echo "line $i"; echo "err $i" >&2; i=$((i+1)); sleep 0.05; done';
    const task = await start(nodes, `${waiting()}; ${lines}`);
    await logged(task, 'before');
    proxy.reset();
    await engine.touch('go');
    await logged(task, 'line 10\n');
    await proxy.refuse();
    await proxy.accept();
    expect(await task.result()).toMatchObject({ counts: { ok: 5 } });
    expect(await runs(task, 'n01')).toEqual(['run']);
    const numbers = Array.from({ length: 40 }, (_, i) => i + 1);
    expect(await output(task, 'out')).toBe(['before', 'after', ...numbers.map((i) => `line ${i}`), ''].join('\n'));
    expect(await output(task, 'err')).toBe(numbers.map((i) => `err ${i}\n`).join(''));
    await engine.remove('go');
  });
});

describe('retry after the repair', () => {
  it('finishes the task: what was unreachable runs now, what was ok does not run again', async () => {
    const knownHosts = join(sshd.folder, 'known-later');
    const { nodes, broken, healthy } = withOne((node) => ({ ...node, knownHosts }));
    const task = await start(nodes);
    await expect(task.result()).rejects.toThrow(`1 of 5 nodes failed: ${broken} at first`);
    await copyFile(sshd.knownHosts, knownHosts);
    await task.retry();
    expect(await task.result()).toMatchObject({ counts: { total: 5, ok: 5, unreachable: 0 } });
    for (const name of [broken, ...healthy]) expect(await runs(task, name), name).toEqual(['run']);
    await rm(knownHosts);
  });

  it('of the step by itself finds a node that came up meanwhile', async () => {
    const [first] = named(sshd.targets);
    if (!first) throw new Error('a fleet needs a node');
    const { node, proxy } = await proxied(first);
    await proxy.refuse();
    const task = await engine.drover.run({
      name: newTaskName('unreachable'),
      template: {
        name: 'patient',
        steps: [{ name: 'first', actions: [{ shell: 'echo done' }], retry: { times: 100, delay: '100ms' } }],
      },
      nodes: [node],
    });
    await eventually(async () => expect((await engine.ledger(task))[0]?.steps[0]?.tries).toBeGreaterThan(2), {
      within: 30_000,
    });
    await proxy.accept();
    expect(await task.result()).toMatchObject({ counts: { ok: 1 } });
    expect(await engine.log(task, 0)).toBe('done\n');
  });
});

async function output(task: TaskHandle, stream: 'out' | 'err'): Promise<string> {
  const { chunks } = await engine.store.logs.read(await engine.idOf(task), { no: 0, limit: 10_000 });
  return Buffer.concat(chunks.filter((chunk) => chunk.stream === stream).map(({ bytes }) => bytes)).toString();
}
