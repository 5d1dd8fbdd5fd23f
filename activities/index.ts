import type { Activities } from '../model/activities.ts';
import { autoscaling } from './autoscale.ts';
import type { Dependencies } from './dependencies.ts';
import { runGroup } from './group/run.ts';
import { drawTask, openTask, reopenPool } from './open-task.ts';
import { queueActivities } from './queue.ts';
import { settlePool } from './settle-pool.ts';
import { runSlice } from './slice.ts';
import { steering } from './steering.ts';

/** Everything that workflows may do to the world, with what it takes handed in. */
export function createActivities(dependencies: Dependencies): Activities {
  return {
    openTask: (name, runId, input) => openTask(dependencies, name, runId, input),
    drawTask: (taskId, runId, input) => drawTask(dependencies, taskId, runId, input),
    runSlice: (slice) => runSlice(dependencies, slice),
    runGroup: (slice) => runGroup(dependencies, slice),
    settlePool: (taskId) => settlePool(dependencies, taskId),
    reopenPool: (taskId, nos) => reopenPool(dependencies, taskId, nos),
    ...queueActivities(dependencies),
    ...steering(dependencies.store),
    ...autoscaling(dependencies),
  };
}
