import { NotFound } from '../../../store/catalogue/errors.ts';
import type { TemplateFilter, TemplateRow } from '../../../store/catalogue/types.ts';
import type { App } from '../../app.ts';
import type { Parts } from '../../parts.ts';
import { byName, byVersion } from '../../schemas/catalogue-query.ts';
import { schemasOf, templateVersion, templateVersions } from '../../schemas/catalogue.ts';
import { anyError } from '../../schemas/error.ts';
import { templates, templateSummaries, templateVersionView } from '../../views/catalogue.ts';
import { found, thingRoutes, type KindOfThing } from './kind.ts';

const TEMPLATE: KindOfThing<TemplateRow, TemplateFilter> = {
  kind: 'template',
  plural: 'templates',
  reader: (reads) => reads.templates,
  writer: (edit) => edit.templates,
  schemas: schemasOf('template'),
  views: templates,
  summaries: templateSummaries,
  filter: (_, { step }) => Promise.resolve(step === undefined ? {} : { step }),
  isVersioned: true,
};

export function templateRoutes(app: App, parts: Parts): void {
  thingRoutes(app, parts, TEMPLATE);
  versionRoutes(app, parts);
}

function versionRoutes(app: App, { store }: Parts): void {
  app.get(
    '/api/v1/templates/:name/versions',
    {
      config: { access: 'viewer' },
      schema: {
        ...{ summary: "A template's versions, newest first", tags: ['templates'], params: byName },
        response: { 200: templateVersions, ...anyError },
      },
    },
    async ({ params }) => {
      const { id } = await found(TEMPLATE, store.catalogue, params.name);
      const versions = await store.catalogue.templates.versions(id);
      const items = versions.map(({ version, at, by }) => ({ version, at: at.toISOString(), by }));
      return { items: items.sort((one, other) => other.version - one.version) };
    },
  );

  app.get(
    '/api/v1/templates/:name/versions/:version',
    {
      config: { access: 'viewer' },
      schema: {
        ...{ summary: 'A template as it was', tags: ['templates'], params: byVersion },
        response: { 200: templateVersion, ...anyError },
      },
    },
    async ({ params }) => {
      const { id, name } = await found(TEMPLATE, store.catalogue, params.name);
      const version = await store.catalogue.templates.version(id, params.version);
      if (!version) throw new NotFound('version of a template', `${name}@${params.version}`);
      return templateVersionView(name, version);
    },
  );
}
