import { starterOf } from '../access/started.ts';
import type { App } from '../app.ts';
import type { Parts } from '../parts.ts';
import { anyError } from '../schemas/error.ts';
import { submission, taskSpec } from '../schemas/task.ts';
import { completed, submissionIn } from '../submission.ts';

const SUBMISSION_LIMIT = 64 * 1024 * 1024;

export function dryRunRoute(app: App, { store }: Parts): void {
  app.post(
    '/api/v1/dry-run',
    {
      config: { access: 'viewer' },
      bodyLimit: SUBMISSION_LIMIT,
      schema: {
        summary: 'The task that a submission would be: nothing left to look up, checked whole, not started',
        tags: ['tasks'],
        body: submission,
        response: { 200: taskSpec, ...anyError },
      },
    },
    ({ actor, body }) => completed(store, submissionIn({ ...body, startedBy: starterOf(actor, body.startedBy) })),
  );
}
