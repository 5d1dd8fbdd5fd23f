import { setTimeout as wait } from 'node:timers/promises';
import { Closing } from '../embedded/closing.ts';
import { deploy, follow, logOf } from './deploy.ts';
import { raiseStage, SLOW_TO_STOP } from './stage.ts';
import { introduce, say, sayVersions, summarize } from './tell.ts';
import { versionsOn } from './web-servers.ts';

const OLD = '1.0.0';
const NEW = '2.0.0';

export interface DemoOptions {
  /** Stays up until it is interrupted. */
  keep: boolean;
  interrupted: AbortSignal;
}

/** The demo, from nothing to nothing. Gives the exit code. */
export async function runDemo({ keep, interrupted }: DemoOptions): Promise<number> {
  const started = Date.now();
  const closing = new Closing();
  try {
    const stage = await raiseStage(closing);
    interrupted.throwIfAborted();
    introduce(stage, started);

    const first = await deploy(stage, OLD, { batch: '100%', canary: 0, bake: '0s' });
    await unless(interrupted, first.result());
    const before = await versionsOn(stage.fleet.nodes);
    sayVersions(before);

    const rolling = await deploy(stage, NEW);
    const task = await unless(interrupted, follow(stage, rolling.name));
    const after = await versionsOn(stage.fleet.nodes);

    const log = await logOf(stage, task.name, SLOW_TO_STOP.node, 'start');
    summarize(stage, { task, before, after, log, keep });
    if (keep) await wait(2 ** 31 - 1, undefined, { signal: interrupted }).catch(() => undefined);
    return task.status === 'ok' ? 0 : 1;
  } catch (error) {
    if (interrupted.aborted) return 130;
    throw error;
  } finally {
    say('', 'Ending the nodes and the system …');
    await closing.close();
  }
}

async function unless<Result>(interrupted: AbortSignal, promise: Promise<Result>): Promise<Result> {
  promise.catch(() => undefined); // nobody waits for it any more, once interrupted
  const abort = new Promise<never>((_, reject) => {
    const stop = () => {
      reject(new Error('interrupted'));
    };
    if (interrupted.aborted) stop();
    interrupted.addEventListener('abort', stop, { once: true });
  });
  return Promise.race([promise, abort]);
}
