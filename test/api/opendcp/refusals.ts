import { expect } from 'vitest';
import type { OpendcpServer, Question } from './serving.ts';

/** A call that must be refused: path, what is sent (as JSON; text as it is), status, and what the message must have in it. */
export type Refused = [path: string, sent: unknown, status: number, message: string | RegExp];

/** Each is refused in the envelope: HTTP status = `code`, `data` is `{}`. */
export async function expectRefusals(server: OpendcpServer, refusals: readonly Refused[]): Promise<void> {
  for (const [path, sent, status, message] of refusals) {
    const { status: answered, body } = await server.ask(path, { method: 'POST', ...asSent(sent) });
    const matching = expect.stringMatching(message instanceof RegExp ? message : literally(message)) as string;
    expect({ path, sent, status: answered, body }).toEqual({
      ...{ path, sent, status },
      body: { code: status, msg: matching, data: {} },
    });
  }
}

function asSent(sent: unknown): Question {
  if (sent === undefined) return {};
  return typeof sent === 'string' ? { body: sent } : { json: sent };
}

function literally(text: string): RegExp {
  return new RegExp(`^${text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`, 'u');
}
