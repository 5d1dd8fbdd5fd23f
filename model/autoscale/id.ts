const PREFIX = 'autoscale/';

/** The workflow that scales a pool, whose name is unique without regard to case. */
export function autoscaleId(pool: string): string {
  return `${PREFIX}${pool.toLowerCase()}`;
}

/** The pool of a workflow that scales one, in lower case. */
export function poolOfAutoscaleId(workflowId: string): string {
  return workflowId.slice(PREFIX.length);
}
