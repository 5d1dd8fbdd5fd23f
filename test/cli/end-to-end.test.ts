import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { TaskView } from '../../model/task.ts';
import { Dev } from '../support/dev.ts';
import { eventually } from '../support/eventually.ts';
import { processesWith } from '../support/processes.ts';

const LINES = 40;

let folder: string;
let dev: Dev;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drover-dev-'));
  await chmod(folder, 0o777);
  const nodes = inject('shared').sshd.targets.slice(0, 6);
  await writeFile(file('nodes.json'), JSON.stringify(nodes.map((node, i) => ({ ...node, name: `n${i + 1}` }))));
  await writeFile(
    file('long.yaml'),
    `name: long
steps:
  - name: work
    actions:
      - shell: |
          echo ran >> ${folder}/ran-{{task.name}}-{{node.name}}
          sh -c 'i=1; while [ $i -le ${LINES} ]; do echo "line $i"; i=$((i+1)); sleep 0.1; done; : ran-{{task.name}}-{{node.name}}'
  - name: fragile
    actions:
      - shell: test {{node.name}} != n4 || test -e ${folder}/repaired
rollout: { batch: 3, maxFailures: 1 }
`,
  );
  dev = await Dev.in(file('data'));
  await dev.start();
});
afterAll(async () => {
  await dev.end('SIGTERM');
  await rm(folder, { recursive: true, force: true });
});

const file = (name: string) => join(folder, name);
const submit = (name: string) =>
  dev.run('run', file('long.yaml'), '--nodes', file('nodes.json'), '--name', name, '--detach');
const show = async (name: string) => JSON.parse((await dev.run('show', name, '--json')).stdout) as TaskView;
const lines = Array.from({ length: LINES }, (_, i) => `line ${i + 1}\n`).join('');

const inTheMiddle = (name: string) =>
  eventually(async () => expect((await dev.run('logs', name, '--node', 'n2')).stdout).toContain('line 5'), {
    within: 60_000,
  });

async function expectEveryCommandOnce(name: string): Promise<void> {
  for (const node of ['n1', 'n2', 'n3', 'n4', 'n5', 'n6']) {
    expect(await readFile(file(`ran-${name}-${node}`), 'utf8'), node).toBe('ran\n');
    expect((await dev.run('logs', name, '--node', node, '--step', 'work')).stdout, node).toBe(lines);
  }
}

describe('an operator with the command line', () => {
  it('has the whole system killed in the midst of a task, starts it again, and retries the node that failed', async () => {
    expect(await submit('killed')).toMatchObject({ code: 0 });
    await inTheMiddle('killed');
    await dev.end('SIGKILL');
    await dev.start();
    expect(await dev.run('watch', 'killed')).toMatchObject({ code: 1 });
    expect(await show('killed')).toMatchObject({
      status: 'failed',
      reason: '1 of 6 nodes failed: n4 at fragile',
      nodes: { ok: 5, failed: 1 },
    });

    await writeFile(file('repaired'), '');
    expect(await dev.run('retry', 'killed')).toMatchObject({ code: 0 });
    expect(await dev.run('watch', 'killed')).toMatchObject({ code: 0 });
    await expectEveryCommandOnce('killed');
  });

  it("has Temporal's server killed under a task: it comes back, and the task goes on", async () => {
    expect(await submit('headless')).toMatchObject({ code: 0 });
    await inTheMiddle('headless');
    await dev.killTemporal();
    expect(await dev.run('watch', 'headless')).toMatchObject({ code: 0 });
    await expectEveryCommandOnce('headless');
  });

  it('ends the system in order while a task runs, and goes on with it later', async () => {
    expect(await submit('ended')).toMatchObject({ code: 0 });
    await inTheMiddle('ended');
    await dev.end('SIGTERM');
    expect((await dev.run('show', 'ended')).code).toBe(4);
    await dev.start();
    expect(await dev.run('watch', 'ended')).toMatchObject({ code: 0 });
    await expectEveryCommandOnce('ended');
  });

  it('terminates a task in Temporal: show says so at once, and soon its commands are dead', async () => {
    expect(await submit('terminated')).toMatchObject({ code: 0 });
    await inTheMiddle('terminated');
    const { binary } = inject('shared').temporal;
    await promisify(execFile)(binary, ['workflow', 'terminate', '-w', 'terminated', '--address', dev.temporalAddress]);
    expect(await show('terminated')).toMatchObject({ status: 'terminated' });
    await eventually(() => expect(processesWith('ran-terminated-')).toEqual([]), { within: 30_000 });
    await eventually(async () =>
      expect(await show('terminated')).toMatchObject({ nodes: { running: 0, cancelled: 3 } }),
    );
    expect(await dev.run('watch', 'terminated')).toMatchObject({ code: 3 });
  });

  it('cannot take a name that is in use', async () => {
    const again = await submit('terminated');
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('there is a task named terminated already');
  });

  it('pauses, resumes, changes the rollout and stops', async () => {
    expect(await submit('steered')).toMatchObject({ code: 0 });
    await inTheMiddle('steered');
    expect(await dev.run('pause', 'steered')).toMatchObject({ code: 0 });
    await eventually(async () => expect(await show('steered')).toMatchObject({ status: 'paused' }));
    expect(await dev.run('rollout', 'steered', '--batch', '1', '--max-failures', '50%')).toMatchObject({ code: 0 });
    expect(await show('steered')).toMatchObject({ rollout: { batch: [1], maxFailures: '50%' } });
    expect(await dev.run('resume', 'steered')).toMatchObject({ code: 0 });
    expect(await dev.run('stop', '--kill', 'steered')).toMatchObject({ code: 0 });
    expect(await dev.run('watch', 'steered')).toMatchObject({ code: 3 });
    expect(await show('steered')).toMatchObject({ status: 'stopped', nodes: { running: 0 } });
  });
});
