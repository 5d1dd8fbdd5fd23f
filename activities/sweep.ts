import pLimit from 'p-limit';
import { reconciled, type Execution } from '../model/execution.ts';
import { ENDED } from '../model/status.ts';
import { Unreachable } from '../remote/errors.ts';
import { cancelJob } from '../remote/cancel.ts';
import type { OpenJob } from '../store/choices.ts';
import type { TaskRow } from '../store/tasks.ts';
import type { Dependencies } from './dependencies.ts';
import { settleMembership } from './membership.ts';
import { jobId } from './perform.ts';
import { settle } from './settle-pool.ts';

const LEASE = 'sweep';
/** ms; whoever dies holds up the others for so long. */
const LEASE_FOR = 15_000;
/** ms for what one task has left with a provider; the next sweep goes on with what is left then. */
const SETTLING = 60_000;
const POOLS_AT_ONCE = 20;
/** A task that was just written may not have been started in Temporal yet. */
const YOUNG = 30_000;

/**
 * Finds tasks that the ledger has running while Temporal has closed them (somebody pressed Terminate, maybe while no worker
 * was alive), kills what was left on their nodes, and records what it found. One sweep at a time, over all workers.
 */
export async function sweep(
  dependencies: Dependencies,
  executionOf: (task: TaskRow) => Promise<Execution>,
  holder: string,
): Promise<void> {
  const { store, log } = dependencies;
  const take = () => store.leases.take(LEASE, holder, LEASE_FOR);
  if (!(await take())) return;
  const keeping = setInterval(() => void take().catch(() => undefined), LEASE_FOR / 3);
  try {
    for (const task of await store.tasks.open()) {
      const execution = await executionOf(task);
      if (execution === 'missing' && Date.now() - task.createdAt.getTime() < YOUNG) continue;
      const found = reconciled(task.status, task.reason, execution);
      if (!ENDED.includes(found.status)) continue;
      log.warn(
        { task: task.name, execution },
        'the task has ended in Temporal and not in the ledger: ending what it left',
      );
      await endTask(dependencies, task, found);
    }
    await settleLeftovers(dependencies);
  } finally {
    clearInterval(keeping);
    await store.leases.release(LEASE, holder);
  }
}

async function endTask(
  dependencies: Dependencies,
  task: TaskRow,
  found: { status: TaskRow['status']; reason: string },
): Promise<void> {
  const { store } = dependencies;
  const limit = pLimit(50);
  const jobs = await store.ledger.openJobs(task.id);
  await Promise.all(jobs.map((job) => limit(() => endJob(dependencies, task, job))));
  await store.ledger.release(task.id);
  await settleMembership(store, task.id);
  await store.catalogue.settle(task.id);
  await store.tasks.update(task.id, { ...found, hold: 'none', finishedAt: new Date() });
}

/** What ended tasks have left with providers: those of a pool one after another, since they may look for the same machines. */
async function settleLeftovers(dependencies: Dependencies): Promise<void> {
  const { machines, tasks } = dependencies.store;
  const ofPools = new Map<number | null, string[]>();
  for (const id of await machines.unsettled()) {
    const poolId = (await tasks.byId(id))?.poolId ?? null;
    ofPools.set(poolId, [...(ofPools.get(poolId) ?? []), id]);
  }
  const limit = pLimit(POOLS_AT_ONCE);
  const settled = [...ofPools.values()].map((ids) =>
    limit(async () => {
      for (const id of ids) await settleEnded(dependencies, id);
    }),
  );
  await Promise.all(settled);
}

/** Somebody may have retried it since it was found. A task that takes its time must not hold up the others. */
async function settleEnded(dependencies: Dependencies, taskId: string): Promise<void> {
  const task = await dependencies.store.tasks.byId(taskId);
  if (!task || !ENDED.includes(task.status)) return;
  const signal = AbortSignal.timeout(SETTLING);
  try {
    await settle(dependencies, taskId, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    dependencies.log.warn(
      { taskId },
      'what the task left with the provider takes longer; the next sweep goes on with it',
    );
  }
}

async function endJob({ store, fleet }: Dependencies, task: TaskRow, job: OpenJob): Promise<void> {
  const { ref, node } = job;
  const ended = await killed();
  await store.ledger.finishJob(ref, ended);
  await store.ledger.finish(ref, ended);
  await store.ledger.settle(task.id, ref.no, ended.status, ended.reason);

  async function killed() {
    try {
      const state = await cancelJob(fleet, node, jobId(ref));
      const reason = {
        killed: 'the task had ended in Temporal: killed, the node confirmed it',
        finished: 'the task had ended in Temporal; the command had finished by itself',
        'never-started': 'the task had ended in Temporal before the command began',
      }[state];
      return { status: 'cancelled', exitCode: null, reason } as const;
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      const reason = `the task had ended in Temporal; the command may still run, its node cannot be reached: ${error.message}`;
      return { status: 'unknown', exitCode: null, reason } as const;
    }
  }
}
