import type { Choice } from './pool.ts';

/** A node of a pool as far as it matters which one goes first. */
interface Candidate {
  name: string;
  joinedAt: Date;
  /** `crontab`: a schedule made it. */
  nodeType: string;
}

/** The nodes that a shrink takes, `count` of them at most. */
export function chooseNodes<Node extends Candidate>(nodes: readonly Node[], count: number, choice: Choice): Node[] {
  const newest = [...nodes].sort((a, b) => b.joinedAt.getTime() - a.joinedAt.getTime() || compare(b.name, a.name));
  return (choice === 'oldest' ? newest.reverse() : choice === 'scheduled' ? scheduledFirst(newest) : newest).slice(
    0,
    count,
  );
}

function scheduledFirst<Node extends Candidate>(nodes: readonly Node[]): Node[] {
  return [...nodes.filter(isScheduled), ...nodes.filter((node) => !isScheduled(node))];
}

export function isScheduled({ nodeType }: Pick<Candidate, 'nodeType'>): boolean {
  return nodeType === 'crontab';
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
