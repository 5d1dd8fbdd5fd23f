import { durationText } from '../duration.ts';
import type { Reading, Scaling } from './state.ts';

/** A value that has been known for longer than this, and for more than three readings, is of no use any more. ms */
const STALE_AFTER = 120_000;

/** Nodes that the load takes, before any limit. `nodes` null: nobody can tell, and `why` says what is wrong. */
export type Load = { nodes: number; why: string } | { nodes: null; why: string };

/**
 * The metric is proportional to the load and, with `of: average`, inversely to the nodes that share it (those in rotation), as
 * Kubernetes' HorizontalPodAutoscaler has it. Within the tolerance the nodes that there are are what is wanted.
 */
export function wantedNodes(scaling: Scaling, reading: Reading): Load {
  const { target, of, tolerance, every } = scaling;
  const { value, missing, age, nodes, drained } = reading;
  if (value === null) return unknown(missing);
  if (!Number.isFinite(value) || value < 0) return unknown(`the metric is ${value}, which is no load`);
  if (age > Math.max(STALE_AFTER, 3 * every))
    return unknown(`the metric is ${durationText(Math.ceil(age / 1000) * 1000)} old`);
  const serving = nodes - drained;
  if (of === 'average' && serving === 0) return unknown('no node is in rotation, so there is no average');

  const exact = of === 'average' ? (serving * value) / target : value / target;
  const why =
    of === 'average'
      ? `${short(value)} a node on ${serving} of them, target ${short(target)}`
      : `${short(value)} in all, target ${short(target)} a node`;
  if (serving > 0 && rounded(Math.abs(exact / serving - 1)) <= tolerance)
    return { nodes, why: `${why}, which is within ${short(tolerance * 100)} %` };
  return { nodes: Math.ceil(rounded(exact)) + drained, why };
}

function unknown(why: string): Load {
  return { nodes: null, why };
}

/** 3 × 1.1 / 1.1 is 3, and not the 3.0000000000000004 that floating point makes of it. */
function rounded(value: number): number {
  return Number(value.toFixed(9));
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
