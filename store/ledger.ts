import type { Kysely } from 'kysely';

import type { Node } from '../model/node.ts';
import type { Span } from '../model/spans.ts';
import type { NodeStatus } from '../model/status.ts';
import type { NodeView, Page } from '../model/task.ts';
import { batchEvent } from './batches.ts';
import { failed, type FailedNode } from './failed.ts';
import { finishJob, startJob, type JobRef } from './jobs.ts';
import { nodesPage, type NodesQuery } from './nodes-page.ts';
import { nodeById, opendcpNodes, type OpendcpNode } from './opendcp-nodes.ts';
import { place } from './places.ts';
import { remaining } from './remaining.ts';
import type { Schema } from './schema.ts';
import { storable } from './sql.ts';
import { slice, type SliceNode } from './slice.ts';
import { choose, lastBatch, names, openJobs, type ChosenNode, type OpenJob } from './choices.ts';
import { release, skip } from './releases.ts';
import { begin, finish, requeue, settle, type StepEnd, type TryRef } from './steps.ts';
import type { Writes } from './writes.ts';

/**
 * The truth about each (task, node, step). Every write resolves once committed (together with others of the moment: see
 * writes.ts), adds its event if it changed something, and may be repeated with no harm.
 */
export class Ledger {
  readonly #db: Kysely<Schema>;
  readonly #writes: Writes;

  constructor(db: Kysely<Schema>, writes: Writes) {
    this.#db = db;
    this.#writes = writes;
  }

  slice(taskId: string, nos: readonly number[]): Promise<SliceNode[]> {
    return slice(this.#db, taskId, nos);
  }

  remaining(taskId: string): Promise<Span[]> {
    return remaining(this.#db, taskId);
  }

  failed(taskId: string, limit = 100): Promise<FailedNode[]> {
    return failed(this.#db, taskId, limit);
  }

  /** The numbers of the nodes of these names; a name that no node has is not in the map. */
  async numbers(taskId: string, names: readonly string[]): Promise<Map<string, number>> {
    if (names.length === 0) return new Map();
    const nodes = await this.#db
      .selectFrom('nodes')
      .select(['name', 'no'])
      .where('taskId', '=', taskId)
      .where('name', 'in', names.map(storable))
      .execute();
    return new Map(nodes.map(({ name, no }) => [name, no]));
  }

  nodes(taskId: string, query: NodesQuery): Promise<Page<NodeView>> {
    return nodesPage(this.#db, taskId, query);
  }

  /** All nodes, by number, as OpenDCP's clients are told of them. */
  opendcpNodes(taskId: string): Promise<OpendcpNode[]> {
    return opendcpNodes(this.#db, taskId);
  }

  /** By OpenDCP's id of a node's state in a task. */
  nodeById(id: number): Promise<(OpendcpNode & { taskId: string }) | undefined> {
    return nodeById(this.#db, id);
  }

  begin(batch: number, refs: readonly TryRef[]): Promise<void> {
    return this.#writes.add(begin, { batch, refs });
  }

  finish(ref: TryRef, end: StepEnd): Promise<void> {
    return this.#writes.add(finish, { ref, end });
  }

  settle(taskId: string, no: number, status: NodeStatus, reason: string): Promise<void> {
    return this.#writes.add(settle, { taskId, no, status, reason });
  }

  /** Where a node can be reached that had no address yet. */
  place(taskId: string, no: number, node: Node): Promise<void> {
    return this.#writes.add(place, { taskId, no, node });
  }

  requeue(taskId: string, nos: readonly number[]): Promise<void> {
    return this.#writes.add(requeue, { taskId, nos });
  }

  /** Leaves nodes out that are neither ok nor running. */
  skip(taskId: string, nos: readonly number[]): Promise<void> {
    return this.#writes.add(skip, { taskId, nos });
  }

  /** What still counts as running does not any more: its task has ended. */
  release(taskId: string): Promise<void> {
    return this.#writes.add(release, { taskId });
  }

  /** The nodes of these names, or all that failed or were cancelled. */
  choose(taskId: string, names?: readonly string[]): Promise<ChosenNode[]> {
    return choose(this.#db, taskId, names);
  }

  /** All names, by number. */
  names(taskId: string): Promise<string[]> {
    return names(this.#db, taskId);
  }

  /** The highest number that a batch of the task has had; 0 before the first. */
  lastBatch(taskId: string): Promise<number> {
    return lastBatch(this.#db, taskId);
  }

  /** Commands that were begun and have no outcome. */
  openJobs(taskId: string): Promise<OpenJob[]> {
    return openJobs(this.#db, taskId);
  }

  startJob(ref: JobRef, token: string | null): Promise<void> {
    return this.#writes.add(startJob, { ref, token });
  }

  finishJob(ref: JobRef, outcome: unknown): Promise<void> {
    return this.#writes.add(finishJob, { ref, outcome });
  }

  /** Tells that a batch of so many nodes started or finished. */
  batch(taskId: string, batch: number, nodes: number, state: 'started' | 'finished'): Promise<void> {
    return this.#writes.add(batchEvent, { taskId, batch, nodes, state });
  }
}
