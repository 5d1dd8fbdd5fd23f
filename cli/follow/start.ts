import { out, remark } from '../print/out.ts';
import type { Api } from '../server/api.ts';
import { startTask, type Start } from '../server/start-task.ts';
import { followToEnd } from './index.ts';

interface StartOptions {
  json?: true | undefined;
  /** Start it and return. */
  detach?: true | undefined;
}

/** Starts a task and follows it to its end. */
export async function startAndFollow(api: Api, start: Start, options: StartOptions): Promise<void> {
  const started = await startTask(api, start);
  if (options.detach) {
    remark(`${started.name} is started:\n  drover watch ${started.name}`);
    out(options, started, () => started.name);
    return;
  }
  remark(`${started.name} is started`);
  await followToEnd(api, started, { json: options.json, from: 'beginning' });
}
