import type { NodeStatus } from '../model/status.ts';
import type { Step } from '../model/template.ts';
import type { StepRow } from '../store/slice.ts';

/** What follows from where a step of a node stands in the ledger. `delay` in ms. */
export type Next =
  { kind: 'passed' } | { kind: 'out' } | { kind: 'try'; try: number; firstTry: number; isNew: boolean; delay: number };

/** The state machine of a step: its row is all there is to know, so that a crash anywhere changes nothing. */
export function nextOf(step: Pick<Step, 'retry' | 'onError'>, row: StepRow | undefined, batch: number): Next {
  if (row?.status === 'ok' || row?.status === 'skipped') return { kind: 'passed' };
  if (row?.batch !== batch || row.status === 'pending') {
    const number = (row?.try ?? 0) + 1;
    return { kind: 'try', try: number, firstTry: number, isNew: true, delay: 0 };
  }
  if (row.status === 'running') return { kind: 'try', try: row.try, firstTry: row.firstTry, isNew: false, delay: 0 };
  if (isWorthAnotherTry(row.status) && row.try - row.firstTry < step.retry.times)
    return { kind: 'try', try: row.try + 1, firstTry: row.firstTry, isNew: true, delay: step.retry.delay };
  return step.onError === 'ignore' && row.status !== 'cancelled' ? { kind: 'passed' } : { kind: 'out' };
}

/** What is unknown may have happened: it is never done again by itself. */
function isWorthAnotherTry(status: NodeStatus): boolean {
  return status === 'failed' || status === 'timed_out' || status === 'unreachable';
}
