import type { Activities } from '../model/activities.ts';
import type { Dependencies } from './dependencies.ts';
import { openTask } from './open-task.ts';
import { runSlice } from './slice.ts';
import { steering } from './steering.ts';

/** Everything that workflows may do to the world, with what it takes handed in. */
export function createActivities(dependencies: Dependencies): Activities {
  return {
    openTask: (name, runId, input) => openTask(dependencies, name, runId, input),
    runSlice: (slice) => runSlice(dependencies, slice),
    ...steering(dependencies.store),
  };
}
