import { setTimeout as wait } from 'node:timers/promises';
import { startWorker, type RunningWorker, type WorkerOptions } from '../worker/worker.ts';

const PAUSE = 1_000;

/** A worker that is started again when it ends by itself, as it does when Temporal stays away for long. */
export async function keepWorker(options: WorkerOptions): Promise<{ close(): Promise<void> }> {
  const closing = new AbortController();
  const first = await startWorker(options);
  const kept = keepFrom(first, options, closing.signal);
  return {
    close: async () => {
      closing.abort();
      await kept;
    },
  };
}

async function keepFrom(first: RunningWorker, options: WorkerOptions, closing: AbortSignal): Promise<void> {
  const isOver = () => closing.aborted;
  let worker: RunningWorker | undefined = first;
  while (!isOver()) {
    await (worker ? endOf(worker, closing) : wait(PAUSE, undefined, { signal: closing }).catch(() => undefined));
    await worker?.close().catch((error: unknown) => options.log.warn({ err: error }, 'the worker did not end well'));
    worker = isOver() ? undefined : await startedAgain(options);
  }
}

async function startedAgain(options: WorkerOptions): Promise<RunningWorker | undefined> {
  return startWorker(options).catch((error: unknown) => {
    options.log.warn({ err: error }, 'the worker cannot be started yet');
    return undefined;
  });
}

/** When it ends by itself, or is to. */
async function endOf(worker: RunningWorker, closing: AbortSignal): Promise<void> {
  const told = new Promise((resolve) => {
    closing.addEventListener('abort', resolve, { once: true });
  });
  await Promise.race([worker.failed.catch(() => undefined), told]);
}
