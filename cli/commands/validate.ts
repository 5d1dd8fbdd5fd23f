import { command, examples } from '../command.ts';

export function validateCommand() {
  return command('validate', 'check templates, nodes and files of the catalogue')
    .argument('<file...>', 'YAML or JSON files')
    .addHelpText('after', examples('drover validate templates/*.yaml hosts.yaml catalogue/*.yaml'))
    .action(async (files, { json }) => {
      const { Problems } = await import('../input/problems.ts');
      const { validateFile } = await import('../input/validate.ts');
      const { out } = await import('../print/out.ts');
      const problems = new Problems();
      const valid = files.flatMap((file) => problems.take(() => validateFile(file)) ?? []);
      problems.throwIfAny();
      out({ json }, { valid }, () => valid.map(({ file, kind, name }) => `${file}: ${kind} ${name}`).join('\n'));
    });
}
