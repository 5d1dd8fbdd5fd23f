import { randomUUID } from 'node:crypto';
import type { TaskView } from '../../model/task.ts';
import { Failure } from '../failure.ts';
import { remark } from '../print/out.ts';
import { Unreachable, type Api } from './api.ts';

/** Where a task is asked for, and how. */
export interface Start {
  path: string;
  body: { name: string };
}

/** Starts a task. Asks again when the connection breaks before the answer: by the key the server knows that it is the same. */
export async function startTask(api: Api, { path, body }: Start): Promise<TaskView> {
  const headers = { 'idempotency-key': randomUUID() };
  const start = () => api.send<TaskView>('POST', path, body, headers);
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof Unreachable && error.isBroken)) throw error;
    remark('the connection broke before the server answered; asking again');
    return start().catch((second: unknown) => {
      throw second instanceof Unreachable ? inDoubt(second, body.name) : second;
    });
  }
}

function inDoubt({ exitCode, code, message }: Unreachable, name: string): Failure {
  return new Failure(exitCode, code, `${message}\nwhether ${name} is started is not known: drover show ${name}`);
}
