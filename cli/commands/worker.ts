import { homedir } from 'node:os';
import { join } from 'node:path';
import { bareCommand, DEFAULT_SERVER, taskQueueOption } from '../command.ts';

export function workerCommand() {
  return bareCommand('worker', 'run tasks (needs DATABASE_URL and TEMPORAL_ADDRESS)')
    .addOption(taskQueueOption())
    .option('--json', 'print one JSON document on stdout when it works')
    .addHelpText(
      'after',
      `
Environment:
  DATABASE_URL          the store, as postgres://user@host/database
  TEMPORAL_ADDRESS, …   Temporal, as its own tools read it
  DROVER_SERVER         where the Drover server answers, for links in Temporal's UI
  DROVER_SSH_CONFIG     OpenSSH client configuration (~/.ssh/config)
  DROVER_PINNED_HOSTS   host keys accepted on first use (~/.drover/known_hosts)
  DROVER_SECRETS_DIR    files with secrets; DROVER_SECRETS_COMMAND prints one
`,
    )
    .action(async ({ taskQueue, json }) => {
      const [{ databaseUrl, sshSettings }, { serviceLog, serveUntilSignal, started }] = await Promise.all([
        import('../settings.ts'),
        import('../service.ts'),
      ]);
      const url = databaseUrl();
      const [{ Drover }, { openStore }, { startWorker }] = await Promise.all([
        import('../../client/index.ts'),
        import('../../store/store.ts'),
        import('../../worker/worker.ts'),
      ]);
      const service = await started(async () => {
        const drover = await Drover.connect({ taskQueue });
        const store = await openStore({ url });
        const worker = await startWorker({
          store,
          drover,
          ssh: sshSettings(join(homedir(), '.drover', 'known_hosts')),
          link: process.env['DROVER_SERVER'] ?? DEFAULT_SERVER,
          log: serviceLog(),
        });
        const close = async () => {
          await worker.close();
          await drover.close();
          await store.close();
        };
        return { close, failed: worker.failed };
      });
      const ready = { text: `drover worker ready on task queue ${taskQueue}`, document: { taskQueue } };
      await serveUntilSignal({ json }, ready, service);
    });
}
