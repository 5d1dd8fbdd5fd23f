import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';

let isInstalled = false;

/** Temporal's own messages go to our log. A process has one runtime, so the first worker's log gets them. */
export function logTo(log: Logger): void {
  if (isInstalled) return;
  isInstalled = true;
  const logger = new DefaultLogger('WARN', ({ level, message, meta }) => {
    if (level === 'ERROR') log.error(meta, message);
    else log.warn(meta, message);
  });
  Runtime.install({ logger, telemetryOptions: { logging: { forward: {}, filter: 'WARN' } }, shutdownSignals: [] });
}
