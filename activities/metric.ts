import { masked } from '../model/mask.ts';
import type { Json } from '../model/json.ts';
import { NotThere, valuesAt } from '../model/json-path.ts';
import type { Metric } from '../model/pool/pool.ts';
import { secretsIn, withSecrets } from '../model/secret.ts';
import { jsonOf, messageIn, textOf } from '../scale/reply.ts';
import type { Secrets } from './secrets.ts';

/** ms for one answer. */
const TIMEOUT = 10_000;

/** A metric as it was read. Null: there is none, and `missing` says why. */
export interface MetricValue {
  value: number | null;
  missing: string;
  /** ms for which it has been known, where its source says so. */
  age: number;
}

/** There is no value; the message says why. */
class Missing extends Error {}

/** Asks once. Whatever is wrong with the answer, or with asking, is a missing value, and not an error. */
export async function readMetricValue(
  metric: Metric,
  secrets: Pick<Secrets, 'read'>,
  timeout = TIMEOUT,
): Promise<MetricValue> {
  const { url, headers = {} } = 'json' in metric ? metric.json : metric.prometheus;
  const values = new Map<string, string>();
  try {
    for (const name of Object.values(headers).flatMap(secretsIn)) values.set(name, await secrets.read(name));
    const filled = Object.entries(headers).map(([name, value]) => [name, withSecrets(value, values)] as const);
    const address = 'json' in metric ? url : queryUrl(metric.prometheus);
    const reply = await ask(address, Object.fromEntries(filled), timeout);
    const { value, age } = 'json' in metric ? jsonValue(reply, metric.json.path) : prometheusValue(reply);
    if (!Number.isFinite(value)) throw new Missing(`the metric is ${value}`);
    return { value, missing: '', age };
  } catch (error) {
    return { value: null, missing: sentence(error, [...values.values()], timeout), age: 0 };
  }
}

/** https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries */
function queryUrl({ url, query }: { url: string; query: string }): string {
  const address = new URL(url);
  if (!address.pathname.endsWith('/api/v1/query'))
    address.pathname = `${address.pathname.replace(/\/+$/, '')}/api/v1/query`;
  address.searchParams.set('query', query);
  return address.href;
}

interface Reply {
  json: Json | undefined;
  text: string;
  status: number;
  /** Seconds that a cache on the way has kept it (RFC 9111, `Age`). */
  age: number;
}

async function ask(url: string, headers: Record<string, string>, timeout: number): Promise<Reply> {
  const response = await fetch(url, {
    headers: { accept: 'application/json', ...headers },
    // A redirect would take the credentials elsewhere.
    redirect: 'manual',
    signal: AbortSignal.timeout(timeout),
  });
  const text = await textOf(response);
  const age = Number(response.headers.get('age') ?? 0);
  return { json: jsonOf(text), text, status: response.status, age: Number.isFinite(age) ? age : 0 };
}

function jsonValue({ json, text, status, age }: Reply, path: string) {
  if (status < 200 || status > 299) throw new Missing(answered(status, messageIn(json, text)));
  if (json === undefined) throw new Missing('the answer is no JSON');
  const found = valuesAt(json, path);
  if (found.length !== 1) throw new Missing(`${path} leads to ${found.length} values, and one is wanted`);
  return { value: numberOf(found[0] ?? null), age: age * 1000 };
}

/** A scalar, or a vector of one sample; each is `[seconds since 1970, "value"]`. */
function prometheusValue({ json, text, status, age }: Reply) {
  const { status: state, data } = object(json);
  // Errors come with statuses of their own (400, 422, 503), and with a message in the body.
  if (state !== 'success') throw new Missing(answered(status, messageIn(json, text)));
  const { resultType, result } = object(data);
  const sample = resultType === 'scalar' ? result : only(resultType, result);
  const [at, value] = Array.isArray(sample) ? sample : [];
  if (typeof at !== 'number' || value === undefined) throw new Missing('the answer of Prometheus has no sample');
  return { value: numberOf(value), age: Math.max(0, age * 1000, Date.now() - at * 1000) };
}

function only(type: Json | undefined, result: Json | undefined): Json | undefined {
  if (type !== 'vector' || !Array.isArray(result))
    throw new Missing(
      `the query gives a ${typeof type === 'string' ? type : 'value of no type'}, and one number is wanted`,
    );
  if (result.length === 0) throw new Missing('the query finds no series');
  if (result.length > 1)
    throw new Missing(`the query gives ${result.length} series, and one is wanted: avg() or sum() them`);
  return object(result[0])['value'];
}

function object(value: Json | undefined): Partial<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

/** Numbers are often written as text; Prometheus writes all of them so. */
function numberOf(value: Json): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && value.trim() !== '') {
    const number = Number(value.replace(/^([+-]?)Inf$/, '$1Infinity'));
    if (!Number.isNaN(number) || value === 'NaN') return number;
  }
  throw new Missing(`the metric is ${JSON.stringify(value).slice(0, 60)}, and no number`);
}

function answered(status: number, message: string): string {
  return `the answer is HTTP ${status}${message === '' ? '' : `: ${message}`}`;
}

function sentence(error: unknown, secrets: readonly string[], timeout: number): string {
  const mask = masked(secrets);
  const shown = mask.push(Buffer.from(reason(error, timeout))).bytes;
  return Buffer.concat([shown, mask.end().bytes]).toString();
}

function reason(error: unknown, timeout: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof Missing || error instanceof NotThere) return error.message;
  if (error.name === 'TimeoutError') return `no answer within ${timeout / 1000} s`;
  const { cause = error } = error;
  if (cause instanceof AggregateError) return reason(cause.errors[0], timeout);
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ECONNREFUSED') return 'connection refused';
  return cause instanceof Error ? cause.message : error.message;
}
