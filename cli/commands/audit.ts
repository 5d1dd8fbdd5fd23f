import { command, examples } from '../command.ts';

export function auditCommand() {
  return command('audit', 'who did what to what, newest first')
    .option('--actor <name>', 'only what this one did')
    .option('--action <action>', 'only this, as task.start, template.update, token.create')
    .option('--kind <kind>', 'only what was done to such things, as task, template, token')
    .option('--name <name>', 'only what was done to the thing of this name')
    .option('--since <time>', 'not before: as 30m, 1h, 7d ago, or a time as 2026-03-01T08:00:00Z')
    .option('--limit <n>', 'at most so many', '50')
    .addHelpText('after', examples('drover audit --since 1h', 'drover audit --kind template --name web-deploy --json'))
    .action(async ({ json, server, since, ...filter }) => {
      const { Api } = await import('../server/api.ts');
      const { out } = await import('../print/out.ts');
      const { auditTable } = await import('../print/access.ts');
      const { timeAgo } = await import('../input/time.ts');
      const query = new URLSearchParams(Object.entries(filter));
      if (since !== undefined) query.set('since', timeAgo('--since', since));
      type List = { items: Parameters<typeof auditTable>[0]; next: string | null };
      const list = await new Api(server).get<List>(`/api/v1/audit?${query.toString()}`);
      out({ json }, list, () => auditTable(list.items));
    });
}
