import { describe, expect, it } from 'vitest';
import { Queue } from '../../workflows/queue.ts';

const asking = (task: string, since: number) => ({ task, runId: `run-of-${task}`, since, now: false });
const tasks = (queue: Queue) => queue.waiting.map(({ task }) => task);

describe('the queue of a pool', () => {
  it('has those that were started first in front, but for the one that has the pool', () => {
    const queue = new Queue();
    for (const one of [asking('b', 20), asking('d', 40), asking('a', 10), asking('c', 30)]) queue.join(one);
    expect(tasks(queue)).toEqual(['b', 'a', 'c', 'd']);
  });

  it('has each execution once, and tells it again when it asks again', () => {
    const queue = new Queue();
    queue.join(asking('a', 1));
    const [first] = queue.untold();
    if (first) queue.told(first.waiting, first.ahead);
    expect(queue.untold()).toEqual([]);
    queue.join(asking('a', 1));
    queue.join({ ...asking('a', 2), runId: 'another' });
    expect(queue.untold().map(({ ahead }) => ahead)).toEqual([0, 1]);
  });

  it('tells those behind one that left, and nobody before it', () => {
    const queue = new Queue(['a', 'b', 'c', 'd'].map((task, told) => ({ ...asking(task, told), told })));
    queue.leave(asking('b', 1));
    expect(queue.untold().map(({ waiting, ahead }) => [waiting.task, ahead])).toEqual([
      ['c', 1],
      ['d', 2],
    ]);
  });

  it('is left by one execution of a task, and not by another', () => {
    const queue = new Queue([asking('a', 1)]);
    queue.leave({ task: 'a', runId: 'another' });
    expect(tasks(queue)).toEqual(['a']);
  });
});
