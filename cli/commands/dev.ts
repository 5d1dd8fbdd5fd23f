import { bareCommand, examples } from '../command.ts';
import { portOption } from '../port.ts';

export function devCommand() {
  return bareCommand('dev', 'the whole system in one process: Temporal, store, worker and server')
    .option('--data <dir>', 'everything is kept here, and gone on with from here', '.drover')
    .option('--port <port>', "the server's port", portOption, 7610)
    .option('--temporal-port <port>', "Temporal's port", portOption, 7233)
    .option('--ui-port <port>', "the port of Temporal's web UI", portOption, 8233)
    .option('--json', 'print one JSON document on stdout when it serves')
    .addHelpText('after', examples('drover dev', 'drover dev --data /var/lib/drover --port 8000'))
    .action(async ({ data, port, temporalPort, uiPort, json }) => {
      const [path, { startEmbedded }, { serviceLog, serveUntilSignal, started }, settings] = await Promise.all([
        import('node:path'),
        import('../../embedded/system.ts'),
        import('../service.ts'),
        import('../settings.ts'),
      ]);
      const access = settings.accessSettings();
      const system = await started(() =>
        startEmbedded({
          folder: data,
          port,
          temporalPort,
          uiPort,
          log: serviceLog(),
          access,
          ssh: settings.sshSettings(path.join(data, 'known_hosts')),
        }),
      );
      const { url, temporalUi, temporalAddress } = system;
      const document = { url, temporalUi, temporalAddress };
      await serveUntilSignal({ json }, { text: `drover ready ${url}`, document }, system);
    });
}
