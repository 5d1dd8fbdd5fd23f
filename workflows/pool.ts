import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { holdersOf, hasEnded, endActivity } from './activities.ts';
import { descriptions, leave, queue as queueQuery, request, turn } from './messages.ts';
import { Queue, type Waiting } from './queue.ts';

/**
 * The queue of a pool: its tasks have it one after another, in the order in which they asked. There is one while a task has
 * the pool or waits for it. `pool`: its name.
 */
export async function pool(name: string, carried?: readonly Waiting[]): Promise<void> {
  const queue = new Queue(carried);
  let changes = 0;
  const changed = (work: () => void) => {
    work();
    changes += 1;
  };
  setHandler(request, (who) => changed(() => queue.join(who)), { description: descriptions.request });
  setHandler(leave, (who) => changed(() => queue.leave(who)), { description: descriptions.leave });
  setHandler(queueQuery, () => queue.waiting.map(({ task }) => task), { description: descriptions.queue });
  // Somebody may have terminated the queue while a task had the pool.
  if (!carried) await admitHolders(queue, name);

  while (!queue.isEmpty || !allHandlersFinished()) {
    const seen = changes;
    await tellPlaces(queue);
    show(name, queue);
    if (workflowInfo().continueAsNewSuggested) return await continueAsNew<typeof pool>(name, queue.waiting);
    await untilChanged(
      queue,
      () => changes !== seen,
      (holder) => changed(() => queue.leave(holder)),
    );
  }
}

async function admitHolders(queue: Queue, name: string): Promise<void> {
  const asked = queue.waiting;
  const holders = await holdersOf(name);
  for (const one of asked) queue.leave(one);
  for (const one of [...holders, ...asked]) queue.join(one);
}

/** Tells everyone whose place has changed. Who cannot be told is gone. */
async function tellPlaces(queue: Queue): Promise<void> {
  for (let untold = queue.untold(); untold.length > 0; untold = queue.untold()) {
    for (const { waiting, ahead } of untold) await tell(queue, waiting, ahead);
  }
}

async function tell(queue: Queue, waiting: Waiting, ahead: number): Promise<void> {
  const { task, runId, now } = waiting;
  const { holder } = queue;
  const isRefused = now && ahead > 0 && !(await holderIsGone(queue));
  if (now && ahead > 0 && !isRefused) return; // the places have changed
  queue.told(waiting, ahead);
  if (isRefused) queue.leave(waiting);
  try {
    const place = { runId, ahead, holder: holder?.task ?? '', ...(isRefused && { refused: true as const }) };
    await getExternalWorkflowHandle(task).signal(turn, place);
  } catch (error) {
    if (isCancellation(error)) throw error;
    queue.leave(waiting);
  }
}

async function holderIsGone(queue: Queue): Promise<boolean> {
  const { holder } = queue;
  if (!holder || !(await hasEnded(holder.task, holder.runId))) return false;
  queue.leave(holder);
  return true;
}

/** Waits for somebody to come or go. A holder that was terminated says nothing: Temporal is asked, while others wait. */
async function untilChanged(queue: Queue, isChanged: () => boolean, onGone: (holder: Waiting) => void): Promise<void> {
  const { holder, waiting } = queue;
  if (!holder || waiting.length === 1) {
    await condition(isChanged);
    return;
  }
  const watch = new CancellationScope();
  const watched = watch
    .run(() => endActivity(`until ${holder.task} has ended`).awaitEnd(holder.task, holder.runId))
    .then(() => onGone(holder))
    .catch((error: unknown) => {
      if (!isCancellation(error)) throw error;
    });
  await Promise.race([condition(isChanged), watched]);
  watch.cancel();
  await CancellationScope.nonCancellable(() => watched);
}

function show(name: string, { waiting }: Queue): void {
  const rows = waiting.map(({ task }, ahead) => `| ${ahead === 0 ? 'has it' : `${ahead} ahead`} | ${task} |`);
  setCurrentDetails([`The queue of pool **${name}**`, '', '| | task |', '|---|---|', ...rows.slice(0, 200)].join('\n'));
}
