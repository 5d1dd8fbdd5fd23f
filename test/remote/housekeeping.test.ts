import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acknowledge } from '../../remote/job.ts';
import { FILE } from '../../remote/node/script.ts';
import { nodeJobId, verbs } from '../../remote/node/verbs.ts';
import { eventually } from '../support/eventually.ts';
import { processesWith } from '../support/processes.ts';
import { startSshd, type SshdFleet } from '../support/sshd.ts';
import { run, TestFleet, uid } from './recorder.ts';

let sshd: SshdFleet;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

const files = (fleet: TestFleet, ...ids: string[]) =>
  readdirSync(fleet.base).filter((file) => ids.some((id) => file.startsWith(`${nodeJobId(id)}.`)));

describe('the folder on a node', () => {
  it('is told of many acknowledged results at once, at the latest when the fleet closes, and keeps the claims', async () => {
    const fleet = new TestFleet();
    const ids = Array.from({ length: 40 }, () => `job ${uid()}`);
    for (const id of ids) {
      await run(fleet, sshd.target, 'echo x', { id });
      acknowledge(fleet, sshd.target, id);
    }
    expect(files(fleet, ...ids)).toHaveLength(160);
    await fleet.closeOnly();
    expect(files(fleet, ...ids).sort()).toEqual(ids.map((id) => `${nodeJobId(id)}.job`).sort());
    await fleet.close();
  });

  it('loses what is old in the daily collection, but not what runs', async () => {
    const fleet = new TestFleet();
    const [running, old, fresh] = [`job ${uid()}`, `job ${uid()}`, `job ${uid()}`];
    const gate = `${sshd.work}/gate-${uid()}`;
    const pending = run(fleet, sshd.target, `until [ -e ${gate} ]; do sleep 0.05; done; echo still`, { id: running });
    await run(fleet, sshd.target, 'echo old', { id: old });
    await run(fleet, sshd.target, 'echo fresh', { id: fresh });
    await eventually(() => expect(fleet.journal(running)).toMatch(/^claim/));
    const age = [old, running].map((id) => `${nodeJobId(id)}.*`).join(' ');
    await run(
      fleet,
      sshd.target,
      `cd ${fleet.base} && : > drover-000000000000.sh && touch -d '40 days ago' ${age} store drover-*.sh`,
    );
    const session = await fleet.contact(sshd.target).control();
    expect(await session.ask(verbs.gc(FILE, 30))).toEqual([]);
    session.giveBack();
    expect(files(fleet, old)).toEqual([]);
    expect([files(fleet, running).length, files(fleet, fresh).length]).toEqual([4, 4]);
    const left = readdirSync(fleet.base);
    expect([left.includes('store'), left.includes(FILE), left.includes('drover-000000000000.sh')]).toEqual([
      true,
      true,
      false,
    ]);
    await run(fleet, sshd.target, `: > ${gate}`);
    expect((await pending).out).toBe('still\n');
    await fleet.close();
  });

  it('has no process left behind by jobs that ended', async () => {
    const fleet = new TestFleet();
    await Promise.all(Array.from({ length: 10 }, () => run(fleet, sshd.target, 'sleep 0.3', { limit: 600 })));
    await fleet.close();
    await eventually(() => expect(processesWith(fleet.base)).toEqual([]));
  });
});
