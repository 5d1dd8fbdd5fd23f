import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { CATALOGUE, serveOpendcp, type Answer } from './serving.ts';

/** One call of a conversation with a real orion, as it was recorded. */
interface Recorded {
  name: string;
  method: string;
  path: string;
  requestBody: unknown;
  /** The body is text, to be sent as it is. */
  rawBody?: boolean;
  /** Beside JSON's; null for none. */
  requestHeaders?: Record<string, string | null>;
  status: number;
  /** HTML pages are kept as `<html> title=… heading=…`. */
  responseBody: unknown;
}

interface Difference {
  /** The recorded call's name. */
  call: string;
  reason: string;
  status: number;
  /** Of OpenDCP's envelope; undefined: the answer is in Drover's own shape. */
  code?: number;
}

const NO_SUCH_PAGE = 'there are no HTML pages: a URL that OpenDCP does not have is answered as JSON';
const NO_SUCH_ID = 'an id that is no number is answered in the envelope, not with an HTML page';
const NO_SUCH_CLUSTER = 'a service of a cluster that is not there would be in no list: it is refused';

const DIFFERENCES: Difference[] = [
  { call: 'unknown url', reason: NO_SUCH_PAGE, status: 404 },
  { call: 'list upper case url', reason: NO_SUCH_PAGE, status: 404 },
  { call: 'cluster create body null', reason: 'a panic with its stack; here a refusal', status: 400, code: 400 },
  { call: 'service create unknown cluster', reason: NO_SUCH_CLUSTER, status: 400, code: 400 },
  { call: 'service update unknown cluster', reason: NO_SUCH_CLUSTER, status: 400, code: 400 },
  { call: 'action get non-numeric', reason: NO_SUCH_ID, status: 404, code: 404 },
  { call: 'action update unknown', reason: 'nothing was updated, and the caller is told', status: 404, code: 404 },
  { call: 'remote_step get non-numeric', reason: NO_SUCH_ID, status: 404, code: 404 },
];

const RECORDING = new URL('../../fixtures/opendcp/recording.json', import.meta.url);
/** What the recorded service had in it at the beginning, where it is at hand; else a catalogue with the same ids. */
const STARTING = new URL('../../../../shared/opendcp/catalogue.json', import.meta.url);

it.each([
  ['a made-up catalogue', CATALOGUE],
  ...(existsSync(STARTING) ? [['the catalogue that it began with', STARTING] as const] : []),
] as const)(
  'answers a recorded conversation as orion did, but for the listed differences, from %s',
  async (_, catalogue) => {
    await using server = await serveOpendcp({ catalogue });
    const calls = JSON.parse(await readFile(RECORDING, 'utf8')) as Recorded[];
    const met = new Set<string>();
    for (const call of calls) {
      const answer = await server.ask(call.path, questionOf(call));
      const difference = DIFFERENCES.find((one) => one.call === call.name);
      if (difference) {
        met.add(call.name);
        expect({ call: call.name, ...outcomeOf(answer) }).toEqual({ call: call.name, ...outcomeIn(difference) });
      } else {
        expect({ call: call.name, ...shapeOf(answer) }).toEqual({ call: call.name, ...shapeIn(call) });
        expect({ call: call.name, id: madeBy(call, answer.body) }).toEqual({ call: call.name, id: madeIn(call) });
      }
    }
    expect([...met]).toEqual(DIFFERENCES.map(({ call }) => call));
    process.stdout.write(`compared ${calls.length} of ${calls.length} calls, ${met.size} listed differences\n`);
  },
);

function questionOf({ method, requestBody, rawBody, requestHeaders = {} }: Recorded) {
  const body = requestBody === null ? undefined : rawBody ? (requestBody as string) : JSON.stringify(requestBody);
  const given: [string, string | null][] = Object.entries({ 'Content-Type': 'application/json', ...requestHeaders });
  const headers = Object.fromEntries(given.filter((header): header is [string, string] => header[1] !== null));
  return { method, headers, ...(body !== undefined && { body }) };
}

function outcomeOf({ status, body }: Answer) {
  return { status, ...(body.code === undefined ? {} : { code: body.code }) };
}

function outcomeIn({ status, code }: Difference) {
  return { status, ...(code === undefined ? {} : { code }) };
}

/** Status, fields and their types, all the way down; `code` by its value. Of a page for people there is nothing to compare. */
function shapeOf({ status, text, body }: Answer) {
  if (text === '') return { status, body: '' };
  return { status, body: body.code === -1 ? 'a page' : { ...(shape(body) as object), code: body.code } };
}

function shapeIn({ status, responseBody }: Recorded) {
  if (typeof responseBody === 'string') return { status, body: responseBody === '' ? '' : 'a page' };
  return { status, body: { ...(shape(responseBody) as object), code: (responseBody as { code: number }).code } };
}

/** Of lists how many there are, and their items. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== 'object') return typeof value;
  if (value === null) return null;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shape(item)]));
}

/** The id that a creation has answered: the same here as there, so that the paths of later calls mean the same. */
function madeBy({ path }: Recorded, body: unknown): unknown {
  return path.includes('/create') ? (body as { data?: unknown }).data : undefined;
}

function madeIn(call: Recorded): unknown {
  return madeBy(call, call.responseBody);
}
