import { randomBytes } from 'node:crypto';

/** A new task's name: its template's, the time of day it was made, and something that no other has. */
export function newName(template: string, now = new Date()): string {
  const time = now.toISOString().replaceAll(/[-:]/g, '').slice(2, 13);
  return `${slug(template).slice(0, 70)}-${time}-${randomBytes(2).toString('hex')}`;
}

/** What of a text a task's name can have. */
function slug(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[._-]+/, '') || 'task';
}
