import type { AutoscaleActivities, Found } from '../model/autoscale/activities.ts';
import { reconciled } from '../model/execution.ts';
import { ENDED, type TaskStatus } from '../model/status.ts';
import type { Dependencies } from './dependencies.ts';
import { readMetricValue } from './metric.ts';

type Needs = Pick<Dependencies, 'store' | 'secrets' | 'temporal'>;

/** Who tasks of an autoscaler are started by. */
const STARTED_BY = 'autoscale';

const NOTHING = { value: null, missing: '', age: 0, nodes: 0, drained: 0, busy: null };

export function autoscaling(dependencies: Needs): AutoscaleActivities {
  return {
    readMetric: (pool, task) => readMetric(dependencies, pool, task),
    scalePool: (pool, task, action) =>
      dependencies.temporal.startTask(task, { pool, do: action, startedBy: STARTED_BY }),
  };
}

/** Nodes and tasks are looked up before the metric: one that was read while a task had the pool tells little. */
async function readMetric(dependencies: Needs, name: string, task: string | null): Promise<Found> {
  const { store, secrets } = dependencies;
  const pool = await store.catalogue.pools.named(name);
  if (!pool?.autoscale) return { scaling: null, reading: NOTHING, ended: null };
  const { metric, ...scaling } = pool.autoscale;
  const ended = task === null ? null : await endOf(dependencies, task);
  const { nodes, drained, busy } = await store.poolStandings.of(pool);
  const own = ended === null ? task : null;
  const value = await readMetricValue(metric, secrets);
  return { scaling, reading: { ...value, nodes, drained, busy: own ?? busy }, ended };
}

/** Null while it goes on. A task that was refused at once has no row in the ledger. */
async function endOf({ store, temporal }: Needs, task: string): Promise<Found['ended']> {
  const row = await store.tasks.get(task);
  if (row && ENDED.includes(row.status)) return endAs(row.status, row.reason, row.finishedAt);
  const execution = await temporal.state(task);
  if (!row && execution === 'completed') return endAs('ok', '', null);
  const { status, reason } = reconciled('running', '', execution);
  return ENDED.includes(status) ? endAs(status, reason, null) : null;
}

function endAs(status: TaskStatus, reason: string, at: Date | null): Found['ended'] {
  return { at: (at ?? new Date()).getTime(), ok: status === 'ok', reason };
}
