import { TemporalUnreachable } from '../client/errors.ts';
import { EXIT, Failure } from './failure.ts';
import pino, { type Logger } from 'pino';

/** Nothing logs a request's headers or a token; should something begin to (an error that carries its request), these are masked. */
const SECRETS = [
  ...['headers', 'req.headers', 'request.headers', 'err.headers', 'err.request.headers', 'err.config.headers'].flatMap(
    (path) => [`${path}.authorization`, `${path}.Authorization`],
  ),
  ...['authorization', 'secret', 'token', 'adminToken'].flatMap((key) => [key, `*.${key}`]),
];

/** The log of a server, on stderr, so that stdout has what was asked for only. DROVER_LOG_LEVEL: info, debug, warn, … */
export function serviceLog(): Logger {
  return pino(
    { level: process.env['DROVER_LOG_LEVEL'] ?? 'info', base: null, redact: SECRETS },
    pino.destination({ dest: 2, sync: true }),
  );
}

/** Starts a service; what keeps it from starting (a port in use, no Temporal, …) is told in a sentence. */
export async function started<Service>(start: () => Promise<Service>): Promise<Service> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof Failure || process.env['DROVER_DEBUG']) throw error;
    const exitCode = error instanceof TemporalUnreachable ? EXIT.unreachable : EXIT.badInput;
    throw new Failure(exitCode, 'not_started', error.message);
  }
}

/** Says on stdout that the service serves, waits for SIGTERM or SIGINT, and closes it; a second signal ends at once. */
export async function serveUntilSignal(
  { json }: { json?: true | undefined },
  ready: { text: string; document: object },
  service: { close(): Promise<void>; failed?: Promise<never> },
): Promise<void> {
  process.stdout.write(`${json ? JSON.stringify(ready.document) : ready.text}\n`);
  try {
    await Promise.race([signalled(), ...(service.failed ? [service.failed] : [])]);
  } finally {
    await service.close();
  }
}

function signalled(): Promise<void> {
  return new Promise((resolve) => {
    // `once`: the second signal does what signals do.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}
