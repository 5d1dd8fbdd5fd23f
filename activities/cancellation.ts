import { Context } from '@temporalio/activity';

const HEARTBEAT_EVERY = 1_000;

/** An activity that tells of itself, and how it is to end. */
export interface Ending {
  kill: AbortSignal;
  leave: AbortSignal;
  stop(): void;
}

/**
 * Why an activity is cancelled decides what happens on the nodes. Stopped, cancelled or terminated in Temporal: the commands
 * are killed. Paused, reset, timed out, or the worker goes down: they are left running, and the next attempt takes them up.
 */
export function followCancellation(): Ending {
  const context = Context.current();
  const kill = new AbortController();
  const leave = new AbortController();
  const timer = setInterval(() => context.heartbeat(), HEARTBEAT_EVERY);
  const decide = () => {
    const details = context.cancellationDetails;
    const isOver = details?.cancelRequested || details?.notFound;
    (isOver && !details.workerShutdown ? kill : leave).abort();
  };
  if (context.cancellationSignal.aborted) decide();
  else context.cancellationSignal.addEventListener('abort', decide, { once: true });
  context.heartbeat();
  return { kill: kill.signal, leave: leave.signal, stop: () => clearInterval(timer) };
}
