import { Invalid } from '../../model/parse/problem.ts';
import { InUse, NameTaken, NoSuchReference, NotFound, type User } from '../../store/catalogue/errors.ts';
import type { App } from '../app.ts';
import { answerTo } from '../errors.ts';
import { failureText } from './envelope.ts';
import { NO_ROW, Refusal } from './refusal.ts';

/** Every error of these routes leaves in OpenDCP's envelope, without what only the server's log should have. */
export function answerInEnvelope(routes: App): void {
  routes.setErrorHandler((thrown, request, reply) => {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const { status, message, unexpected } = refusalOf(error);
    if (unexpected) request.log.error({ err: error, url: request.url }, 'a request failed');
    // What is left of a body that was too large goes with its connection.
    if (status === 413) void reply.header('connection', 'close');
    void reply.code(status).type('application/json; charset=utf-8').send(failureText(status, message));
  });
}

function refusalOf(error: Error): { status: number; message: string; unexpected: boolean } {
  const refused = (status: number, message = error.message) => ({ status, message, unexpected: false });
  if (error instanceof Refusal) return refused(error.status);
  if (error instanceof NotFound) return refused(404, NO_ROW);
  if (error instanceof NameTaken || error instanceof InUse || error instanceof NoSuchReference) return refused(400);
  const { status, body, unexpected } = answerTo(error);
  return { status, message: body.error.message, unexpected };
}

/** What OpenDCP says, where the catalogue says it otherwise; for `catch`. */
export interface Wording {
  notFound?: Refusal;
  inUse?: (users: readonly User[]) => Refusal;
  nameTaken?: (error: NameTaken) => Refusal;
  invalid?: (error: Invalid) => Refusal;
}

export function inWords({ notFound, inUse, nameTaken, invalid }: Wording): (error: unknown) => never {
  return (error) => {
    if (notFound && error instanceof NotFound) throw notFound;
    if (inUse && error instanceof InUse) throw inUse(error.users);
    if (nameTaken && error instanceof NameTaken) throw nameTaken(error);
    if (invalid && error instanceof Invalid) throw invalid(error);
    throw error;
  };
}
