export { autoscale } from './autoscale.ts';
export { batch } from './batch.ts';
export { pool } from './pool.ts';
export { task } from './task.ts';
