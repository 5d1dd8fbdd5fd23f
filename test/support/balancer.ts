import { createServer, request as ask, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Backend {
  id: string;
  host: string;
  port: number;
}

interface Serving extends Backend {
  isIn: boolean;
  inFlight: number;
  /** Whoever waits for the last request there. */
  idle: (() => void)[];
}

/**
 * An HTTP balancer on loopback: round robin over the backends that are in rotation. It makes good for nothing: what a backend
 * does not answer is a 502, and no request is sent to another.
 */
export class Balancer {
  readonly #server: Server;
  readonly #backends: Serving[];
  #turn = 0;

  private constructor(backends: readonly Backend[]) {
    this.#backends = backends.map((backend) => ({ ...backend, isIn: true, inFlight: 0, idle: [] }));
    this.#server = createServer((request, response) => this.#pass(request, response));
  }

  static async start(backends: readonly Backend[]): Promise<Balancer> {
    const balancer = new Balancer(backends);
    await new Promise<void>((resolve) => balancer.#server.listen(0, '127.0.0.1', resolve));
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** No new request goes there. Resolves when those that are there have ended. */
  async takeOut(id: string): Promise<void> {
    const backend = this.#of(id);
    backend.isIn = false;
    if (backend.inFlight > 0) await new Promise<void>((resolve) => backend.idle.push(resolve));
  }

  putIn(id: string): void {
    this.#of(id).isIn = true;
  }

  get inRotation(): string[] {
    return this.#backends.filter(({ isIn }) => isIn).map(({ id }) => id);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #of(id: string): Serving {
    const backend = this.#backends.find((one) => one.id === id);
    if (!backend) throw new Error(`the balancer has no backend ${id}`);
    return backend;
  }

  #next(): Serving | undefined {
    const serving = this.#backends.filter(({ isIn }) => isIn);
    return serving[this.#turn++ % serving.length];
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const backend = this.#next();
    if (!backend) {
      response.writeHead(503).end('no backend is in rotation');
      return;
    }
    backend.inFlight += 1;
    response.once('close', () => left(backend));
    const { host, port, id } = backend;
    const { method = 'GET', url = '/' } = request;
    const behind = ask({ host, port, method, path: url, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, { backend: id });
      answer.on('error', () => response.destroy()).pipe(response);
    });
    behind.on('error', (error) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end(`${id}: ${error.message}`);
    });
    request.pipe(behind);
  }
}

function left(backend: Serving): void {
  backend.inFlight -= 1;
  if (backend.inFlight > 0) return;
  for (const tell of backend.idle.splice(0)) tell();
}
