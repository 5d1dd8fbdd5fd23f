export { batch } from './batch.ts';
export { task } from './task.ts';
