import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { pino } from 'pino';
import { startTemporalServer } from '../../embedded/temporal-server.ts';

/** Starts a server, makes the namespace `kept` in it, and is killed. */
const [binary = '', folder = '', port, uiPort] = process.argv.slice(2);
const options = { binary, folder, port: Number(port), uiPort: Number(uiPort), log: pino({ level: 'silent' }) };
const { address } = await startTemporalServer(options);
const { workflowService } = await Connection.connect({ address });
await workflowService.registerNamespace({
  namespace: 'kept',
  workflowExecutionRetentionPeriod: msToTs('1 day'),
});
process.kill(process.pid, 'SIGKILL');
