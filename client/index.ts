export { Drover, type ConnectOptions, type RunRequest } from './drover.ts';
export * from './errors.ts';
export { TaskHandle } from './task-handle.ts';
export { Invalid, type Problem } from '../model/parse/index.ts';
export type { FailedNode, Progress, TaskResult } from '../model/activities.ts';
export type { Node } from '../model/node.ts';
export type { CountOrShare, Rollout, RolloutSpec } from '../model/rollout.ts';
export type { NodeCounts, NodeStatus, TaskStatus } from '../model/status.ts';
export type { Action, Step, Template } from '../model/template.ts';
