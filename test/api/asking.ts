import type { Served } from './served.ts';

/** Fields of whatever is answered; each test says which it looks at. */
export interface Answer {
  status: number;
  headers: Headers;
  etag: string;
  json: Fields;
}

interface Fields extends Record<string, unknown> {
  error: { code: string; message: string; path?: string; expected?: string; problems?: { path: string }[] };
  items: { name: string }[];
  next: string | null;
}

export type Ask = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;

/** Asks a served API. */
export function asking(api: () => Served): Ask {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(`${api().url}${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      etag: response.headers.get('etag') ?? '',
      json: (text.startsWith('{') ? JSON.parse(text) : {}) as Fields,
    };
  };
}

/** A catalogue of one of each kind: cluster shop, service shop-web, actions, step start, template roll, pool web. */
export async function seedCatalogue(ask: Ask): Promise<void> {
  const documents = [
    { kind: 'cluster', name: 'shop', desc: 'the shop', biz: 'retail' },
    { kind: 'service', name: 'shop-web', cluster: 'shop', type: 'http', image: 'registry.example/web' },
    { kind: 'action', name: 'start', params: { tag: { type: 'string' } }, shell: 'echo start {{tag}}' },
    { kind: 'action', name: 'check', check: { tcp: '{{node.address}}:80' } },
    { kind: 'step', name: 'start-service', desc: 'starts it', actions: ['start', 'check'] },
    {
      kind: 'template',
      name: 'roll',
      params: { tag: { default: '1' } },
      steps: [
        { use: 'start-service', timeout: '5m' },
        { name: 'tell', actions: [{ shell: 'echo done' }] },
      ],
    },
    {
      kind: 'pool',
      name: 'web',
      service: 'shop-web',
      templates: { deploy: 'roll' },
      ssh: { user: 'deploy' },
      nodes: [
        { name: 'web-1', address: '192.0.2.1' },
        { name: 'web-2', address: '192.0.2.2', port: 2222 },
      ],
    },
  ];
  const { status, json } = await ask('POST', '/api/v1/apply', { documents });
  if (status !== 200) throw new Error(JSON.stringify(json));
}
