import { ApplicationFailure, condition, isCancellation, setHandler, workflowInfo } from '@temporalio/workflow';
import type { NodePart, NodeParts, RolloutEdit, TaskInput, Turn } from '../model/activities.ts';
import * as messages from './messages.ts';
import type { RollingOut } from './rolling-out.ts';

/** A caller that dies while it sends its node list leaves a task that must not wait for ever. */
const PARTS_WITHIN = 5 * 60_000;

/**
 * Answers pause, resume, stop, retry, skip and setRollout from a task's first moment on; what comes before the task is open
 * waits here.
 */
export class Inbox {
  #rollout: RollingOut | undefined;
  #parts: NodePart[] = [];
  /** What the queue of its pool said last. */
  turn: Turn | undefined;
  /** Somebody wants the task to stop, maybe before it could begin. */
  stopWanted = false;

  deliverTo(rollout: RollingOut): void {
    this.#rollout = rollout;
  }

  get rollout(): RollingOut | undefined {
    return this.#rollout;
  }

  async opened(): Promise<RollingOut> {
    await condition(() => this.#rollout !== undefined);
    return this.#rollout as RollingOut;
  }

  /** What was meant for an earlier execution of the task is nothing to this one. */
  takeTurn(told: Turn): void {
    if (told.runId === workflowInfo().firstExecutionRunId) this.turn = told;
  }

  add(part: NodePart): void {
    if (!this.#parts.some((known) => known.part === part.part)) this.#parts.push(part);
  }

  /** The parts of a node list that is too long for one message, all of them and in order; none when it came with the input. */
  async nodesOf(input: TaskInput): Promise<NodePart[]> {
    if (!('nodes' in input) || !isInParts(input.nodes)) return [];
    const { parts, within = PARTS_WITHIN } = input.nodes;
    if (!(await condition(() => this.#parts.length === parts, within)))
      throw ApplicationFailure.nonRetryable(
        `only ${this.#parts.length} of ${parts} parts of the node list arrived within ${within / 1000} s: submit the task again`,
        'Incomplete',
      );
    return this.#parts.sort((a, b) => a.part - b.part);
  }
}

export function listen(): Inbox {
  const inbox = new Inbox();
  const { descriptions } = messages;
  const steer = async (order: (rollout: RollingOut) => void | Promise<void>) => {
    try {
      await order(inbox.rollout ?? (await inbox.opened()));
    } catch (error) {
      if (!isCancellation(error)) throw error; // the task ends by the same cancellation
    }
  };
  setHandler(messages.pause, () => steer(({ run }) => run.pause()), { description: descriptions.pause });
  setHandler(messages.resume, () => steer(({ run }) => run.resume()), { description: descriptions.resume });
  setHandler(
    messages.stop,
    (how) => {
      inbox.stopWanted = true;
      return steer(({ run }) => run.stop(how?.kill ? 'kill' : 'stop'));
    },
    { description: descriptions.stop },
  );
  setHandler(messages.retry, (which) => steer((rollout) => rollout.retry(which?.nodes)), {
    description: descriptions.retry,
  });
  setHandler(messages.skip, ({ nodes }) => steer((rollout) => rollout.skip(nodes)), { description: descriptions.skip });
  setHandler(messages.turn, (told) => inbox.takeTurn(told), { description: descriptions.turn });
  setHandler(messages.addNodes, (part) => inbox.add(part), { description: descriptions.addNodes });
  setHandler(messages.progress, () => opened(inbox).run.progress, { description: descriptions.progress });
  setHandler(messages.setRollout, (edit: RolloutEdit) => opened(inbox).run.edit(edit), {
    description: descriptions.setRollout,
    validator: (edit: RolloutEdit) => {
      const refusal = opened(inbox).run.refusal(edit);
      if (refusal) throw ApplicationFailure.nonRetryable(refusal, 'EditRefused');
    },
  });
  return inbox;
}

function opened(inbox: Inbox): RollingOut {
  if (!inbox.rollout) throw ApplicationFailure.nonRetryable('the task is just being opened; ask again', 'NotOpenYet');
  return inbox.rollout;
}

function isInParts(nodes: unknown): nodes is NodeParts {
  return typeof nodes === 'object' && nodes !== null && 'parts' in nodes;
}
