import { Option } from '@commander-js/extra-typings';
import { packageVersion } from '../../embedded/version.ts';
import { bareCommand, taskQueueOption } from '../command.ts';

const ACCESS_ENVIRONMENT = `
Environment:
  DATABASE_URL              the store, as postgres://user@host/database
  TEMPORAL_ADDRESS, …       Temporal, as its own tools read it
  DROVER_ADMIN_TOKEN        an admin's token, 20 characters or more, for the first start
  DROVER_TRUSTED_ADDRESSES  IPs and CIDRs that are believed when they name a user

Without any token the server listens on loopback alone, and asks nobody who they are.
`;

export function serverCommand() {
  return bareCommand('server', 'serve the HTTP API (needs DATABASE_URL and TEMPORAL_ADDRESS)')
    .addOption(new Option('--listen <host:port>', 'where').env('DROVER_LISTEN').default('127.0.0.1:7610'))
    .addOption(new Option('--temporal-ui <url>', "Temporal's web UI, for links").env('TEMPORAL_UI_URL'))
    .addOption(taskQueueOption())
    .option('--json', 'print one JSON document on stdout when it serves')
    .addHelpText('after', ACCESS_ENVIRONMENT)
    .action(async ({ listen, temporalUi, taskQueue, json }) => {
      const [{ accessSettings, databaseUrl, listenAddress }, { serviceLog, serveUntilSignal, started }] =
        await Promise.all([import('../settings.ts'), import('../service.ts')]);
      const where = listenAddress(listen);
      const database = databaseUrl();
      const access = accessSettings();
      const [{ Drover }, { openStore }, { serve }, { countWorkers }] = await Promise.all([
        import('../../client/index.ts'),
        import('../../store/store.ts'),
        import('../../api/serve.ts'),
        import('../../api/workers.ts'),
      ]);
      const service = await started(async () => {
        const drover = await Drover.connect({ taskQueue });
        const store = await openStore({ url: database });
        const parts = { store, drover, namespace: drover.namespace, version: packageVersion(), log: serviceLog() };
        const ui = temporalUi === undefined ? {} : { temporalUi };
        const server = await serve({ ...parts, ...ui, access, workers: () => countWorkers(drover) }, where);
        const close = async () => {
          await server.close();
          await drover.close();
          await store.close();
        };
        return { url: server.url, close };
      });
      const { url } = service;
      await serveUntilSignal({ json }, { text: `drover ready ${url}`, document: { url } }, service);
    });
}
