/** The workflow that scales a pool, among those that share a Temporal namespace. Pools' names differ by more than case. */
export function autoscaleId(taskQueue: string, pool: string): string {
  return `${prefix(taskQueue)}${pool.toLowerCase()}`;
}

/** The pool of a workflow that scales one, in lower case. */
export function poolOfAutoscaleId(taskQueue: string, workflowId: string): string {
  return workflowId.slice(prefix(taskQueue).length);
}

function prefix(taskQueue: string): string {
  return `${taskQueue}/autoscale/`;
}
