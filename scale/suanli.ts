import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import type { SuanliSpec } from '../model/pool/provider.ts';
import { Api, type ApiRequest, type Reply, timingOf } from './api.ts';
import { type Given, valueOf } from './given.ts';
import { type Counter, Refused } from './provider.ts';
import { textAt } from '../model/json-path.ts';

const CHANGE_POINTS = '/api/deployment/task/change_points';
/** What the document's examples have. */
const VERSION = '1.0.0';

/** The number of points (nodes) of a task at suanli.cn (seed 000): it can be set, and nothing tells what it is. */
export async function suanli(spec: SuanliSpec, given: Given): Promise<Counter> {
  const token = await valueOf(spec.token, given);
  const pem = spec.privateKey === undefined ? undefined : await valueOf(spec.privateKey, given);
  const key = pem === undefined ? undefined : keyOf(pem);
  const api = new Api('suanli', spec, given.limiters, [token, ...(pem === undefined ? [] : [pem])]);
  const path = new URL(spec.endpoint.replace(/\/+$/, '') + CHANGE_POINTS).pathname;
  const version = spec.version ?? VERSION;

  return {
    how: 'counts',
    timing: timingOf(spec),

    async resize(count, call) {
      const body = JSON.stringify({ task_id: spec.taskId, points: count });
      const request = (): ApiRequest => {
        const timestamp = String(Date.now());
        const signature = key ? signed(key, [path, version, timestamp, token, body]) : '';
        const headers = { token, timestamp, version, sign_str: signature };
        return { method: 'POST', path: CHANGE_POINTS, headers, body, refusal };
      };
      await api.repeatable(request, call, () => undefined);
    },
  };
}

/** RSA-SHA256 of the parts, one a line, in Base64. The last part is the body as it is sent, to the byte. */
function signed(key: KeyObject, parts: readonly string[]): string {
  return sign('RSA-SHA256', Buffer.from(parts.join('\n')), key).toString('base64');
}

function keyOf(pem: string): KeyObject {
  const key = readKey(pem);
  if (key?.asymmetricKeyType === 'rsa') return key;
  throw new Refused('suanli: privateKey is no RSA key, expected one in PEM, without a passphrase');
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** Every reply has a code; "0000" is that it went well. */
function refusal({ json }: Reply): string | undefined {
  const code = textAt(json, 'code');
  return code === '0000' ? undefined : `code ${code ?? 'null'}: ${textAt(json, 'message?') ?? 'without a message'}`;
}
