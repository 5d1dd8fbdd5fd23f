import type { WriteKind } from './writes.ts';

/** There is one event for a batch's start, and one for its end. */
export const batchEvent: WriteKind<{ taskId: string; batch: number; nodes: number; state: 'started' | 'finished' }> = {
  keys: ({ taskId, batch }) => [`batch ${taskId} ${batch}`],
  async apply(transaction, batches) {
    await transaction
      .insertInto('events')
      .values(batches.map(({ taskId, batch, nodes, state }) => ({ taskId, kind: 'batch', batch, nodes, state })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  },
};
