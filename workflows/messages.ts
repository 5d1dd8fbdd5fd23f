import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { NodePart, Progress, RolloutEdit, Turn, TurnRequest } from '../model/activities.ts';
import type { Rollout } from '../model/rollout.ts';
import type { Hold } from '../model/task.ts';

/** Each comes with the sentence that Temporal's UI shows in its Signal, Update and Query dialogs. */
export const pause = defineSignal('pause');
export const resume = defineSignal('resume');
export const stop = defineSignal<[{ kill?: boolean }?]>('stop');
export const retry = defineSignal<[{ nodes?: string[] }?]>('retry');
export const skip = defineSignal<[{ nodes: string[] }]>('skip');
export const addNodes = defineSignal<[NodePart]>('addNodes');
export const setRollout = defineUpdate<Rollout, [RolloutEdit]>('setRollout');
export const progress = defineQuery<Progress>('progress');

/** From a task to its batches. */
export const hold = defineSignal<[Hold]>('hold');

/** From a pool's queue to a task. */
export const turn = defineSignal<[Turn]>('turn');

/** To a pool's queue. */
export const request = defineSignal<[TurnRequest]>('request');
export const leave = defineSignal<[{ task: string; runId: string }]>('leave');
export const queue = defineQuery<string[]>('queue');

export const descriptions = {
  pause: 'Start no new command; what runs goes on to its end.',
  resume: 'Go on. After a spent failure budget: accept the failures so far and go on without those nodes.',
  stop: 'Start no new command and end the task; {"kill": true} also ends the commands that run on the nodes.',
  retry: 'Run failed nodes again, each from its failed step; {"nodes": ["name"]} for some only.',
  skip: 'Leave nodes out: {"nodes": ["name"]}. They no longer count as failures.',
  addNodes: 'Parts of a node list that is too long for one message; sent by the client library.',
  setRollout: 'Change the rollout from the next batch on: {"batch": 10, "maxFailures": "5%", "bake": 30000, …}.',
  progress: 'How far the task has come.',
  hold: 'Sent by the task to its batches.',
  turn: 'Sent by the queue of its pool: how many tasks are ahead of it.',
  request: 'Sent by a task that wants the pool.',
  leave: 'Sent by a task that does not want the pool any more.',
  queue: 'The task that has the pool, and those that wait for it.',
} as const;
