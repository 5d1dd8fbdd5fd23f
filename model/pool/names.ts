import { slug } from '../task-name.ts';

/** How the nodes are called that a pool's expansions make. */
export function nodeName(pool: string, number: number): string {
  return `${slug(pool).slice(0, 80)}-${number}`;
}
