import { constants } from 'node:os';

/** How a command ended, as far as is known. */
export type Outcome =
  | { kind: 'exited'; code: number; signal?: string; lost?: boolean; held?: boolean }
  | { kind: 'timed_out' }
  | { kind: 'cancelled'; confirmed: boolean; reason: string }
  | { kind: 'unknown'; reason: string }
  | { kind: 'unreachable'; reason: string };

/** What the node's last line about a job means: `X id code out err flags` (resumable.sh, deliver). */
export function outcomeOfEnd(code: number, flags: string[]): Outcome {
  const note = flags.find((flag) => flag === 'timeout' || flag === 'cancelled');
  if (note === 'timeout') return { kind: 'timed_out' };
  if (note === 'cancelled') {
    const reason = flags.includes('never-started') ? 'it had not been started' : 'it was killed on the node';
    return { kind: 'cancelled', confirmed: true, reason };
  }
  return exited(code, { lost: flags.includes('lost'), held: flags.includes('held') });
}

/** A shell reports a command that signal n ended as 128 + n. (One may also exit with such a code by itself.) */
export function exited(code: number, { lost = false, held = false } = {}): Outcome {
  const signal =
    code > 128 ? Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0] : undefined;
  return {
    kind: 'exited',
    code,
    ...(signal !== undefined && { signal }),
    ...(lost && { lost }), // the node's disk was full: output is missing
    ...(held && { held }), // a background process kept the output open: what it wrote later may be missing
  };
}

/** Why a node cannot tell how a job ended: `U id reason`. It has run at most once, and will not run again. */
export function unknownOutcome(reason: string, base: string): Outcome {
  const sentences: Record<string, string> = {
    rebooted: 'the node has restarted since the command was sent; whether it ran to its end is not known',
    'store-lost': `${base} on the node was deleted since the command was sent; whether it ran to its end is not known`,
    missing: `the node has no trace of the command left in ${base}; whether it ran to its end is not known`,
    'runner-died':
      'the process on the node that watched over the command was killed; the command was ended with it, its result is not known',
    acked: 'the result was fetched earlier, and the node has deleted it since',
    'not-recorded': 'the command ended, but the node could not write down how: is its disk full?',
  };
  return { kind: 'unknown', reason: sentences[reason] ?? `the node does not know how the command ended (${reason})` };
}
