import type { ActionRow } from '../../../store/catalogue/types.ts';
import type { App } from '../../app.ts';
import type { Parts } from '../../parts.ts';
import { schemasOf } from '../../schemas/catalogue.ts';
import { actions } from '../../views/catalogue.ts';
import { thingRoutes, type KindOfThing } from './kind.ts';

const ACTION: KindOfThing<ActionRow, object> = {
  kind: 'action',
  plural: 'actions',
  reader: (reads) => reads.actions,
  writer: (edit) => edit.actions,
  schemas: schemasOf('action'),
  views: actions,
  isVersioned: true,
};

export function actionRoutes(app: App, parts: Parts): void {
  thingRoutes(app, parts, ACTION);
}
