import { type KeyObject, verify } from 'node:crypto';
import { type Answer, type Asked, Cloud } from './cloud.ts';

export interface SuanliOptions {
  token?: string;
  version?: string;
  /** Of the user's key: the API key is in signed mode, and every signature is verified. */
  publicKey?: KeyObject;
  /** The points of each task. */
  tasks?: Record<number, number>;
  /** ms that a time stamp may be off. Default 5 min. */
  skew?: number;
}

const PATH = '/api/deployment/task/change_points';
const SKEW = 300_000;
/** What a task may be set to. */
const MOST_POINTS = 1000;

/** suanli.cn's API of tasks' points (seed 000): HTTP 200 with a code, "0000" for success. */
export async function suanliCloud(options: SuanliOptions = {}): Promise<{ cloud: Cloud; points: Map<number, number> }> {
  const { tasks = { 388: 1 } } = options;
  const points = new Map(Object.entries(tasks).map(([id, count]) => [Number(id), count]));
  const cloud = await Cloud.serve([
    {
      kind: 'resize',
      method: 'POST',
      path: PATH,
      answer: (asked) => strangerTo(asked, options) ?? changePoints(points, asked),
    },
  ]);
  return { cloud, points };
}

export function suanliRefusal(code: string, message: string): Answer {
  return { body: { code, message, data: null } };
}

function strangerTo(
  { headers, text }: Asked,
  { token = 'suanli-token', version = '1.0.0', publicKey, skew = SKEW }: SuanliOptions,
): Answer | undefined {
  const { timestamp, sign_str: signature } = headers;
  if (headers['token'] !== token) return suanliRefusal('1001', 'token无效');
  if (headers['version'] !== version) return suanliRefusal('1002', 'version错误');
  if (typeof timestamp !== 'string' || !/^\d{13}$/.test(timestamp) || Math.abs(Date.now() - Number(timestamp)) > skew)
    return suanliRefusal('1003', 'timestamp错误');
  if (!publicKey) return undefined;
  const signed = Buffer.from([PATH, version, timestamp, token, text].join('\n'));
  const isRight =
    typeof signature === 'string' && verify('RSA-SHA256', signed, publicKey, Buffer.from(signature, 'base64'));
  return isRight ? undefined : suanliRefusal('1004', '签名错误');
}

function changePoints(points: Map<number, number>, { body }: Asked): Answer {
  const { task_id: id, points: count }: Record<string, unknown> =
    typeof body === 'object' && body !== null ? { ...body } : {};
  if (typeof id !== 'number' || !points.has(id)) return suanliRefusal('2001', '任务不存在');
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 0 || count > MOST_POINTS)
    return suanliRefusal('2002', 'points错误');
  points.set(id, count);
  return { body: { code: '0000', message: 'success', data: null } };
}
