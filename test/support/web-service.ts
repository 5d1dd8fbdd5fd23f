import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../embedded/port.ts';

/** ms that the service is at each request. */
const WORK = 20;
/** ms after which a service ends by itself, in case that nobody ends it. */
const LIFE = 300_000;

/**
 * Answers with its version. It has no manners: SIGTERM ends it at once, with all that it is at. `/is/VERSION` is well when that is its own.
 */
const SERVICE = `
import { createServer } from 'node:http';
const [host, port, version] = process.argv.slice(2);
const server = createServer((request, response) => {
  const [, is] = /^\\/is\\/(.*)$/.exec(request.url) ?? [];
  if (is !== undefined) response.writeHead(is === version ? 200 : 503).end(version);
  else setTimeout(() => response.end(version), ${WORK});
});
const listen = () => server.listen(Number(port), host);
server.on('error', () => setTimeout(listen, 20)); // the one before is not gone yet
listen();
setTimeout(() => process.exit(), ${LIFE});
`;

/** The service of each node, on the node's own address. */
export class WebService {
  readonly port: number;
  readonly #folder: string;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.port = port;
  }

  /** Its files are in a folder that nodes can write to. */
  static async in(folder: string): Promise<WebService> {
    const service = new WebService(folder, await freePort());
    await writeFile(join(folder, 'service.mjs'), SERVICE);
    await writeFile(join(folder, 'replace.sh'), service.#script());
    await chmod(join(folder, 'replace.sh'), 0o755);
    return service;
  }

  /** A step's shell line: ends the version that runs on the node, and starts this one. */
  replace(version: string): string {
    return `${this.#folder}/replace.sh {{node.address}} ${version}`;
  }

  /** Where a node says whether it runs this version. */
  healthOf(version: string): string {
    return `http://{{node.address}}:${this.port}/is/${version}`;
  }

  /** On every node. */
  async end(): Promise<void> {
    for (const file of (await readdir(this.#folder)).filter((name) => name.endsWith('.pid')))
      kill(Number(await readFile(join(this.#folder, file), 'utf8')));
  }

  #script(): string {
    return `#!/bin/sh
pid=${this.#folder}/$1.pid
[ -f "$pid" ] && kill "$(cat "$pid")"
setsid ${process.execPath} ${this.#folder}/service.mjs "$1" ${this.port} "$2" </dev/null >/dev/null 2>&1 &
echo $! > "$pid"
`;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended already
  }
}
