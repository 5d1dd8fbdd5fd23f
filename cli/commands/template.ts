import { bareCommand, command } from '../command.ts';
import type { TemplateList, TemplateView, VersionList } from '../print/template.ts';

/** Templates of the catalogue, as they are and as they were. */
export function templateCommand() {
  const template = bareCommand('template', 'the templates of the catalogue, and their versions');
  for (const one of [list(), show(), versions()]) template.addCommand(one);
  return template;
}

function list() {
  return command('list', 'list templates by name')
    .option('--search <text>', 'only those with this in their name or description')
    .option('--step <name>', 'only those that use this step of the catalogue')
    .option('--limit <n>', 'at most so many', '100')
    .action(async ({ json, server, search, step, limit }) => {
      const { Api, withQuery } = await import('../server/api.ts');
      const templates = await new Api(server).get<TemplateList>(
        withQuery('/api/v1/templates', { search, step, limit }),
      );
      const { out } = await import('../print/out.ts');
      const { templateTable } = await import('../print/template.ts');
      out({ json }, templates, () => templateTable(templates));
    });
}

function show() {
  return command('show', 'print a template as a file has it')
    .argument('<name>', "the template's name; NAME@VERSION as it was")
    .action(async (text, { json, server }) => {
      const { Api } = await import('../server/api.ts');
      const [, name = text, version] = /^(.*)@(\d+)$/s.exec(text) ?? [];
      const rest = version === undefined ? '' : `/versions/${version}`;
      const template = await new Api(server).get<TemplateView>(templatePath(name, rest));
      const { out } = await import('../print/out.ts');
      const { templateText } = await import('../print/template.ts');
      out({ json }, template, () => templateText(template));
    });
}

function versions() {
  return command('versions', 'list the versions of a template, with when and by whom')
    .argument('<name>', "the template's name")
    .action(async (name, { json, server }) => {
      const { Api } = await import('../server/api.ts');
      const list = await new Api(server).get<VersionList>(templatePath(name, '/versions'));
      const { out } = await import('../print/out.ts');
      const { versionTable } = await import('../print/template.ts');
      out({ json }, list, () => versionTable(list));
    });
}

function templatePath(name: string, rest: string): string {
  return `/api/v1/templates/${encodeURIComponent(name)}${rest}`;
}
