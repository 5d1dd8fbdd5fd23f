import { parsePath, PATH_SHAPE } from '../json-path.ts';
import { optional, scalar, someDuration } from './shapes.ts';

/** Where an API is. Its paths come after it. */
export const endpoint = scalar('an address as https://api.example.net, without user, query or fragment', (value) =>
  typeof value === 'string' && isEndpoint(value) ? value : undefined,
);

const rate = scalar('requests per second, a number over 0, at most 1000', (value) =>
  typeof value === 'number' && value > 0 && value <= 1000 ? value : undefined,
);

/** What every provider that has an API takes. */
export const apiShape = {
  endpoint,
  timeout: optional(someDuration),
  poll: optional(someDuration),
  within: optional(someDuration),
  settle: optional(someDuration),
  requestsPerSecond: optional(rate),
};

export const jsonPath = scalar(PATH_SHAPE, (value) =>
  typeof value === 'string' && value !== '' && parsePath(value) ? value : undefined,
);

function isEndpoint(value: string): boolean {
  if (!/^https?:\/\/[^\s/]/.test(value) || /\s/.test(value) || !URL.canParse(value)) return false;
  const { username, password, search, hash } = new URL(value);
  return username === '' && password === '' && search === '' && hash === '';
}
