import { randomBytes } from 'node:crypto';
import { slug } from '../model/task-name.ts';

/** A new task's name: its template's, the time of day it was made, and something that no other has. */
export function newName(template: string, now = new Date()): string {
  const time = now.toISOString().replaceAll(/[-:]/g, '').slice(2, 13);
  return `${slug(template).slice(0, 70)}-${time}-${randomBytes(2).toString('hex')}`;
}
