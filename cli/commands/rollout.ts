import type { Rollout } from '../../model/rollout.ts';
import { collect, command, examples } from '../command.ts';
import { badInput } from '../failure.ts';

export function rolloutCommand() {
  return command('rollout', "change a running task's rollout, from its next batch on")
    .argument('<name>', "the task's name")
    .option('--batch <n|n%>', 'nodes in flight at most; repeated: the smaller counts', collect, [])
    .option('--lanes <n>', 'parts of a batch that advance on their own')
    .option('--bake <duration>', 'wait between batches, as 30s')
    .option('--max-failures <n|n%>', 'the failure budget: spent when failures exceed it')
    .option('--on-budget <action>', 'when it is spent: pause, stop or continue')
    .addHelpText('after', examples('drover rollout web-1.4.2 --batch 10 --max-failures 3'))
    .action(async (name, { json, server, ...options }) => {
      const { readRollout } = await import('../input/rollout.ts');
      const { Problems } = await import('../input/problems.ts');
      const problems = new Problems();
      const edit = readRollout(options, problems);
      problems.throwIfAny();
      if (!edit) throw badInput('what is to change? See drover rollout --help');
      const { Api, taskPath } = await import('../server/api.ts');
      const rollout = await new Api(server).send<Rollout>('PATCH', taskPath(name, '/rollout'), edit);
      const { out } = await import('../print/out.ts');
      const { rolloutText } = await import('../print/task.ts');
      out({ json }, rollout, () => `${name}: ${rolloutText(rollout)}`);
    });
}
