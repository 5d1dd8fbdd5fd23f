import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, Failure } from '../failure.ts';
import { remark } from '../print/out.ts';
import type { Api } from '../server/api.ts';
import { readEvents } from '../server/sse.ts';

const RETRY_EVERY = 500;

/** Prints the log as it is now. */
export async function printLog(api: Api, path: string): Promise<void> {
  for await (const bytes of (await api.stream(path)) ?? []) await print(bytes);
}

/** Prints the log as it grows, until the task has ended; goes on where it was when the server comes back. */
export async function followLog(api: Api, path: string, { raw }: { raw: boolean }): Promise<void> {
  let last: string | undefined;
  let wasThere = false;
  let isAway = false;
  for (;;) {
    try {
      const body = await api.stream(path, last);
      if (isAway) remark('the server is back');
      isAway = false;
      wasThere = true;
      for await (const message of body ? readEvents(body) : []) {
        if ('comment' in message) continue;
        if (message.event === 'end') return;
        await print(raw ? Buffer.from(message.data, 'base64') : Buffer.from(`${message.data}\n`));
        last = message.id ?? last;
      }
    } catch (error) {
      const isLost = !(error instanceof Failure) || error.exitCode === EXIT.unreachable;
      if (!isLost || !wasThere) throw error;
      if (!isAway) remark('the server went away; waiting for it …');
      isAway = true;
    }
    await sleep(RETRY_EVERY);
  }
}

/** Waits while whoever reads our output is slower. */
async function print(bytes: Uint8Array): Promise<void> {
  if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
}
