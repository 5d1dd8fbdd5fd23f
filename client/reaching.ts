import { TemporalUnreachable } from './errors.ts';

/** gRPC's DEADLINE_EXCEEDED and UNAVAILABLE. */
const NO_ANSWER = [4, 14];

/** Makes a call to Temporal; when there is no answer, throws TemporalUnreachable in place of the SDK's errors for it. */
export async function reaching<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isNoAnswer(error)) throw error;
    throw new TemporalUnreachable(`Temporal does not answer: ${(error as Error).message}`, { cause: error });
  }
}

function isNoAnswer(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && NO_ANSWER.includes(Number(error.code))) || isNoAnswer(error.cause);
}
