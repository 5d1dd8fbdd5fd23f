import type { Json } from '../model/json.ts';
import { entriesAt, idAt, NotThere, textAt, textsAt } from '../model/json-path.ts';
import type { HttpSpec } from '../model/pool/provider.ts';
import { portNumber } from '../model/ports.ts';
import type { HttpRequests } from './http-requests.ts';
import { type Call, type Machine, Unclear } from './provider.ts';

type ListSpec = HttpSpec['list'];

/** The machines on all pages, each once. */
export async function httpList(requests: HttpRequests, call: Call): Promise<Machine[]> {
  const { list } = requests.spec;
  const machines = new Map<string, Machine>();
  for (let page: string | undefined = list.pages?.next === undefined ? '1' : ''; page !== undefined;) {
    const found: Page = await pageOf(requests, page, call);
    const before = machines.size;
    for (const machine of found.machines) machines.set(machine.id, machine);
    if (found.next !== undefined && machines.size === before) {
      throw new Unclear(
        `http: ${list.path}: one page is as the one before: does ${list.pages?.query ?? ''} tell the page?`,
      );
    }
    page = found.next;
  }
  return [...machines.values()];
}

interface Page {
  machines: Machine[];
  /** Of the page after it; undefined for none. */
  next: string | undefined;
}

function pageOf(requests: HttpRequests, page: string, call: Call): Promise<Page> {
  const { list } = requests.spec;
  const request = requests.make('list', list, {});
  const path = list.pages && page !== '' ? withQuery(request.path, list.pages.query, page) : request.path;
  return requests.api.repeatable({ ...request, path }, call, ({ json }) => {
    const machines = entriesAt(json, list.items).map((item) => machineOf(item, list));
    return { machines, next: nextOf(json, list, page, machines.length) };
  });
}

function withQuery(path: string, name: string, value: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
}

/** Pages by number end with one that is empty, the others with one that names no next. */
function nextOf(json: Json, { pages }: ListSpec, page: string, count: number): string | undefined {
  if (!pages) return undefined;
  if (pages.next !== undefined) return optionalAt(json, pages.next);
  return count === 0 ? undefined : String(Number(page) + 1);
}

function machineOf(item: Json, list: ListSpec): Machine {
  const detail = textAt(item, list.status) ?? '';
  const address = list.address === undefined ? undefined : optionalAt(item, list.address);
  const port = list.port === undefined ? undefined : optionalAt(item, list.port);
  return {
    id: idAt(item, list.id),
    status: statusOf(detail, list),
    detail,
    ...(address !== undefined && { address }),
    ...(port !== undefined && { ssh: { port: portOf(port) } }),
  };
}

function statusOf(detail: string, { running, failed, leaving, gone }: ListSpec): Machine['status'] {
  if (running.includes(detail)) return 'running';
  if (failed?.includes(detail)) return 'failed';
  if (leaving?.includes(detail)) return 'leaving';
  return gone?.includes(detail) ? 'gone' : 'pending';
}

function portOf(text: string): number {
  const port = portNumber(text);
  if (port === undefined) throw new NotThere(`${JSON.stringify(text)} is no port`);
  return port;
}

/** The first text there, if there is one yet: machines have no address before they run. */
function optionalAt(json: Json, path: string): string | undefined {
  try {
    return textsAt(json, path).find((text) => text !== '');
  } catch (error) {
    if (error instanceof NotThere) return undefined;
    throw error;
  }
}
