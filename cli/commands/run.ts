import type { TaskSpec } from '../../model/task.ts';
import { collect, command, examples } from '../command.ts';

export function runCommand() {
  return command('run', 'run a template on nodes, and follow it to its end')
    .argument('<template>', 'a template file (YAML or JSON), or a template of the catalogue: NAME, or NAME@VERSION')
    .option('--nodes <file|hosts>', 'a nodes file, or hosts separated by commas; with --pool: names of its nodes')
    .option('--pool <name>', 'the nodes of a pool of the catalogue')
    .option('--param <name=value>', "a parameter of the template's; may be repeated", collect, [])
    .option('--batch <n|n%>', 'nodes in flight at most; repeated: the smaller counts', collect, [])
    .option('--order <order>', 'step: all nodes of a batch finish a step before the next; node: each runs through')
    .option('--lanes <n>', 'parts of a batch that advance on their own (1: strict batches)')
    .option('--canary <n>', "the first batch's size")
    .option('--bake <duration>', 'wait between batches, as 30s')
    .option('--max-failures <n|n%>', 'the failure budget: spent when failures exceed it')
    .option('--on-budget <action>', 'when it is spent: pause, stop or continue')
    .option('--name <name>', "the task's name; made from the template's when not given")
    .option('--detach', 'start it and return')
    .option('--dry-run', 'print the batches and the commands, secrets masked, and start nothing')
    .addHelpText(
      'after',
      examples(
        'drover run web.yaml --nodes hosts.yaml --param tag=1.4.2 --batch 20% --max-failures 3',
        'drover run web.yaml --nodes web-01,web-02,root@web-03:2222 --dry-run',
        'drover run rolling --pool web --param tag=1.4.2',
      ),
    )
    .action(async (template, options) => {
      const { readTask } = await import('../input/task.ts');
      const { submission, uploads, complete } = readTask(template, options);
      const { out } = await import('../print/out.ts');
      const { Api } = await import('../server/api.ts');
      const api = new Api(options.server);
      if (options.dryRun) {
        const { plan, planText } = await import('../dry-run.ts');
        const planned = plan(complete ?? (await api.send<TaskSpec>('POST', '/api/v1/dry-run', submission)));
        out(options, planned, () => planText(planned));
        return;
      }
      const { upload } = await import('../input/upload.ts');
      await upload(api, uploads);
      const { startAndFollow } = await import('../follow/start.ts');
      await startAndFollow(api, { path: '/api/v1/tasks', body: submission }, options);
    });
}
