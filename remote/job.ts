import type { Contact } from './contact.ts';
import { messageOf, Unreachable } from './errors.ts';
import type { Fleet } from './fleet.ts';
import { nodeJobId } from './node/verbs.ts';
import type { Outcome } from './outcome.ts';
import { LeftRunning, Run, type Job, type Journal } from './run.ts';
import type { Target } from './target.ts';

export type { Outcome } from './outcome.ts';
export { LeftRunning, type Job, type Journal } from './run.ts';

export interface RunOptions {
  /** Kills the command on the node; the outcome is `cancelled`. */
  signal?: AbortSignal;
  /** Lets go of the command and leaves it running; rejects with LeftRunning. */
  leave?: AbortSignal;
  /** ms after losing contact until the outcome is unknown; 60 000. */
  reconnectWithin?: number;
}

/**
 * Runs a job, or attaches to it, and follows it to its end through any number of lost connections.
 * Rejects with LeftRunning, or with what the journal threw; everything else is an outcome.
 */
export async function runJob(
  fleet: Fleet,
  target: Target,
  job: Job,
  journal: Journal,
  options: RunOptions = {},
): Promise<Outcome> {
  let contact: Contact;
  try {
    contact = fleet.contact(target);
  } catch (error) {
    return { kind: job.token === undefined ? 'unreachable' : 'unknown', reason: messageOf(error) };
  }
  const release = contact.hold();
  const run = new Run({ fleet, contact, job, journal, reconnectWithin: options.reconnectWithin ?? 60_000 });
  const cancel = () => run.cancel();
  const leave = () => run.leave();
  try {
    if (options.leave?.aborted) throw new LeftRunning('let go of before it was sent');
    if (options.signal?.aborted) cancel();
    options.signal?.addEventListener('abort', cancel);
    options.leave?.addEventListener('abort', leave);
    return await run.outcome();
  } finally {
    options.signal?.removeEventListener('abort', cancel);
    options.leave?.removeEventListener('abort', leave);
    release();
  }
}

/** Tells the node, some time later, that a job's result is durable here and its files may go. */
export function acknowledge(fleet: Fleet, target: Target, jobId: string): void {
  try {
    fleet.contact(target).acknowledge(nodeJobId(jobId));
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error; // the target's configuration broke: the node forgets by itself
  }
}
