/** Custom search attributes of tasks in Temporal, all of type Keyword; registered when a worker starts. */
export const SEARCH_ATTRIBUTES = {
  template: 'DroverTemplate',
  pool: 'DroverPool',
  state: 'DroverState',
} as const;
