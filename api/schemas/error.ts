import { z } from 'zod';

const problem = z.object({
  path: z.string().describe('where in the request, as in `template.steps[1].timeout`'),
  message: z.string(),
  expected: z.string().optional(),
});

export const errorBody = z
  .object({
    error: z.object({
      code: z.string().describe('stays the same for the same kind of error'),
      message: z.string().describe('for a person; with several problems it lists them all, one a line'),
      path: z.string().optional(),
      expected: z.string().optional(),
      problems: z.array(problem).optional().describe('of what is not valid: each by itself'),
    }),
  })
  .meta({ id: 'Error' });

export type ErrorBody = z.output<typeof errorBody>;

/** What any route may answer in place of what was asked. */
export const anyError = { '4xx': errorBody, '5xx': errorBody } as const;

/** An answer without a body. */
export const nothing = (description: string) => z.undefined().describe(description);
