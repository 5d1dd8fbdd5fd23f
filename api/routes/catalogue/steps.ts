import type { StepRow } from '../../../store/catalogue/types.ts';
import type { App } from '../../app.ts';
import type { Parts } from '../../parts.ts';
import { schemasOf } from '../../schemas/catalogue.ts';
import { steps } from '../../views/catalogue.ts';
import { thingRoutes, type KindOfThing } from './kind.ts';

const STEP: KindOfThing<StepRow, object> = {
  kind: 'step',
  plural: 'steps',
  reader: (reads) => reads.steps,
  writer: (edit) => edit.steps,
  schemas: schemasOf('step'),
  views: steps,
  isVersioned: true,
};

export function stepRoutes(app: App, parts: Parts): void {
  thingRoutes(app, parts, STEP);
}
