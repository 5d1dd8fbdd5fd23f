import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Json } from '../../model/json.ts';

type Row = { id: number } & Record<string, Json>;

/** What an orion has, by list; ids below are those of whom they belong to. */
export interface OrionRows {
  clusters: Row[];
  services: Row[];
  pools: Row[];
  nodes_by_pool: Record<string, Row[]>;
  templates: Row[];
  actions: Row[];
  actimpls: Row[];
  remote_steps: Row[];
  /** By `expandList/POOL` or `uploadList/POOL`; undefined: an orion whose scheduler was removed. */
  schedules?: Record<string, Json>;
}

/** Speaks as orion was seen to: pages by the query, its envelope, newest first where orion has it so. */
export class OrionServer {
  readonly url: string;
  /** What was asked for, with its query. */
  readonly asked: string[];
  /** Of each request. */
  readonly authorizations: Set<string | undefined>;
  readonly close: () => Promise<void>;

  private constructor(url: string, parts: Pick<OrionServer, 'asked' | 'authorizations' | 'close'>) {
    this.url = url;
    this.asked = parts.asked;
    this.authorizations = parts.authorizations;
    this.close = parts.close;
  }

  static async start(rows: OrionRows): Promise<OrionServer> {
    const asked: string[] = [];
    const authorizations = new Set<string | undefined>();
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      authorizations.add(request.headers.authorization);
      answer(rows, request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const close = () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    return new OrionServer(`http://127.0.0.1:${port}`, { asked, authorizations, close });
  }
}

function answer(rows: OrionRows, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '', 'http://orion');
  const schedule = /^\/task\/((?:expand|upload)List\/\d+)$/.exec(url.pathname)?.[1];
  if (schedule !== undefined && rows.schedules) {
    send(response, 200, { code: 0, msg: '', data: rows.schedules[schedule] ?? null });
    return;
  }
  const list = listAt(rows, url.pathname);
  if (!list) {
    response.writeHead(404, { 'content-type': 'text/html' }).end('<html><title>Page Not Found</title></html>');
    return;
  }
  const page = Number(url.searchParams.get('page') ?? 1);
  const size = Number(url.searchParams.get('page_size') ?? 10);
  const data = list.slice((page - 1) * size, page * size);
  send(response, 200, { code: 0, msg: '', data, page, page_size: size, query_count: list.length });
}

function send(response: ServerResponse, status: number, body: Json): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', server: 'beegoServer:1.7.0' });
  response.end(JSON.stringify(body, null, 2));
}

function listAt(rows: OrionRows, path: string): Row[] | undefined {
  const [, owner = '', id = '', list = ''] = /^\/(\w+)\/(\d+)\/(\w+)$/.exec(path) ?? [];
  switch (`${owner}/${list}`) {
    case 'cluster/list_services':
      return rows.services.filter((service) => service['cluster_id'] === Number(id));
    case 'service/list_pools':
      return rows.pools.filter((pool) => pool['service_id'] === Number(id));
    case 'pool/list_nodes':
      return rows.nodes_by_pool[id] ?? [];
  }
  switch (path) {
    case '/cluster/list':
      return rows.clusters.toReversed();
    case '/action/list':
      return rows.actions.toReversed();
    case '/actimpl/list':
      return rows.actimpls;
    case '/remote_step/list':
      return rows.remote_steps.toReversed();
    case '/task_tpl/list':
      return rows.templates.toReversed();
  }
  return undefined;
}
