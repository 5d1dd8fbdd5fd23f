import type { PoolAction } from '../pool/pool.ts';
import type { Reading, Scaling } from './state.ts';

export interface Found {
  /** Null: the pool is not scaled by its load any more, or is gone. */
  scaling: Scaling | null;
  reading: Reading;
  /** How the task asked about has ended; null while it has not. */
  ended: { at: number; ok: boolean; reason: string } | null;
}

/** What an autoscaler asks of the world. */
export interface AutoscaleActivities {
  /** The pool's settings as they are now, its metric, its nodes; and what became of its own last task. */
  readMetric(pool: string, task: string | null): Promise<Found>;
  /** Starts a task in the pool's queue. One of this name that was started before is left as it is. */
  scalePool(pool: string, task: string, action: PoolAction): Promise<void>;
}
