/** The workflow id of a pool's queue, among those that share a Temporal namespace. Pools' names differ by more than case. */
export function queueId(taskQueue: string, pool: string): string {
  return `${taskQueue}/pool/${pool.toLowerCase()}`;
}
