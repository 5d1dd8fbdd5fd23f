import { createServer, type AddressInfo } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** A port that another process listens on. */
export class PortTaken extends Error {
  constructor(port: number, whose: string, flag: string) {
    super(
      `port ${port}, for ${whose}, is taken by another process: stop that one, or choose another port with ${flag}`,
    );
    this.name = 'PortTaken';
  }
}

export async function assertPortIsFree(port: number, whose: string, flag: string): Promise<void> {
  try {
    await listenBriefly(port);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
      throw new PortTaken(port, whose, flag);
    throw error;
  }
}

/**
 * `preferred` or the next one above it that is free; without it, any. It is not kept: so any is below those that the system
 * gives to connections that go out (from 32768 on with Linux), one of which could have it a moment later.
 */
export async function freePort(preferred = 10_000 + Math.floor(Math.random() * 20_000)): Promise<number> {
  for (let port = preferred; ; port++) {
    const free = await listenBriefly(port).catch(() => undefined);
    if (free !== undefined) return free;
  }
}

/** Resolves to the port; throws when it cannot be listened on. */
function listenBriefly(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, LOOPBACK, () => {
      const given = (server.address() as AddressInfo).port;
      server.close(() => {
        resolve(given);
      });
    });
  });
}
