import {
  ENDED,
  NODE_STATUSES,
  type NodeCounts,
  type NodeStatus,
  type TaskStatus,
  noCounts,
} from '../../model/status.ts';
import { planBatches } from '../../model/rollout.ts';
import type { TaskEventBody, TaskView } from '../../model/task.ts';

/** Where a node stands, as far as the events tell. */
export interface NodeProgress {
  no: number;
  name: string;
  status: NodeStatus;
  reason: string;
  /** The last one that began or ended. */
  step: string;
  try: number;
  /** ms; when the step began. */
  since: number;
}

/** A task as its events tell of it. Begins at the task's own beginning, whatever was known of it before. */
export class Progress {
  readonly name: string;
  readonly template: string;
  readonly total: number;
  batchesTotal: number;
  batchesDone = 0;
  readonly running = new Map<number, number>();
  status: TaskStatus = 'pending';
  reason = '';
  readonly nodes = new Map<number, NodeProgress>();
  readonly #counts: NodeCounts;

  constructor(task: TaskView) {
    this.name = task.name;
    this.template = task.template;
    this.total = task.nodes.total;
    this.batchesTotal = Math.max(task.batches.total, planBatches(task.rollout, this.total).length);
    this.#counts = { ...noCounts(), total: this.total, pending: this.total };
  }

  get ended(): boolean {
    return ENDED.includes(this.status);
  }

  counts(): NodeCounts {
    return { ...this.#counts };
  }

  with(status: NodeStatus): NodeProgress[] {
    return [...this.nodes.values()].filter((node) => node.status === status);
  }

  apply(event: TaskEventBody, at: number): void {
    switch (event.kind) {
      case 'task':
        this.status = event.status;
        this.reason = event.reason;
        return;
      case 'batch':
        if (event.state === 'started') this.running.set(event.batch, event.nodes);
        else if (this.running.delete(event.batch)) this.batchesDone += 1;
        return;
      case 'step': {
        const node = this.#node(event);
        if (event.status === 'running') Object.assign(node, { step: event.step, try: event.try, since: at });
        else Object.assign(node, { step: event.step, try: event.try });
        if (event.status === 'running') this.#move(node, 'running', '');
        return;
      }
      case 'node':
        this.#move(this.#node(event), event.status, event.reason);
    }
  }

  #node({ no, node: name }: { no: number; node: string }): NodeProgress {
    const node = this.nodes.get(no) ?? { no, name, status: 'pending', reason: '', step: '', try: 0, since: 0 };
    this.nodes.set(no, node);
    return node;
  }

  #move(node: NodeProgress, status: NodeStatus, reason: string): void {
    this.#counts[node.status] -= 1;
    this.#counts[status] += 1;
    node.status = status;
    node.reason = reason;
  }
}

/** Of the statuses that nodes have now, in the usual order. */
export function present(counts: NodeCounts): NodeStatus[] {
  return NODE_STATUSES.filter((status) => counts[status] > 0);
}
