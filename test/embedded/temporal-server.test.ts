import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { freePort, PortTaken } from '../../embedded/port.ts';
import { startTemporalServer, type TemporalServer } from '../../embedded/temporal-server.ts';
import { commandLine } from '../support/processes.ts';
import { eventually } from '../support/eventually.ts';

const log = pino({ level: 'silent' });
const ONLY_HERE = { namespace: 'only-here', workflowExecutionRetentionPeriod: msToTs('1 day') };

type ServerOptions = Parameters<typeof startTemporalServer>[0];
type WorkflowService = Connection['workflowService'];

describe("Temporal's server", () => {
  let folder: string;
  let options: ServerOptions;
  const running: TemporalServer[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drover-temporal-'));
    const { binary } = inject('shared').temporal;
    options = { binary, folder, port: await freePort(), uiPort: await freePort(), log };
  });

  afterEach(async () => {
    for (const server of running.splice(0)) await server.close();
    await rm(folder, { recursive: true });
  });

  async function started(more: Partial<ServerOptions> = {}): Promise<TemporalServer> {
    const server = await startTemporalServer({ ...options, ...more });
    running.push(server);
    return server;
  }

  test('answers when it is said to be started, with native pause allowed', async () => {
    const { address, namespace } = await started();
    const { namespaceInfo } = await service(address, (temporal) => temporal.describeNamespace({ namespace }));
    expect(namespaceInfo?.capabilities?.workflowPause).toBe(true);
  });

  test('that a killed process left behind is ended by the next start, which has its data', async () => {
    const orphan = await leaveBehind(options);
    expect(commandLine(orphan)).toContain(folder);

    const { address } = await started();
    expect(commandLine(orphan)).toBe('');
    await expect(
      service(address, (temporal) => temporal.describeNamespace({ namespace: 'kept' })),
    ).resolves.toBeDefined();
  });

  test("is not looked for under a process id that is somebody else's by now", async () => {
    const stranger = spawn('sleep', ['60']);
    try {
      await writeFile(join(folder, 'temporal.pid'), String(stranger.pid));
      await started();
      expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    } finally {
      stranger.kill();
    }
  });

  test('is started again when it dies', async () => {
    const server = await started();
    const first = server.pid();
    process.kill(first ?? 0, 'SIGKILL');
    await eventually(
      async () => {
        expect(server.pid()).not.toBe(first);
        await service(server.address, (temporal) => temporal.describeNamespace({ namespace: 'default' }));
      },
      { within: 30_000 },
    );
  });

  test('is not started on a port that is taken; the message names the port and what to change', async () => {
    const other = createServer().listen(options.port, '127.0.0.1');
    await once(other, 'listening');
    try {
      const refused = startTemporalServer(options);
      await expect(refused).rejects.toThrow(PortTaken);
      await expect(refused).rejects.toThrow(`${options.port}, for Temporal's server`);
      await expect(refused).rejects.toThrow('--temporal-port');
    } finally {
      other.close();
    }
  });

  test('does not disturb another one with a folder and ports of its own', async () => {
    const other = await mkdtemp(join(tmpdir(), 'drover-temporal-'));
    try {
      const [one, two] = await Promise.all([
        started(),
        started({ folder: other, port: await freePort(), uiPort: await freePort() }),
      ]);
      await service(one.address, (temporal) => temporal.registerNamespace(ONLY_HERE));
      const { namespace } = ONLY_HERE;
      await expect(service(two.address, (temporal) => temporal.describeNamespace({ namespace }))).rejects.toThrow(
        'not found',
      );
    } finally {
      await running.pop()?.close();
      await rm(other, { recursive: true });
    }
  });
});

/** A process that starts a server, makes the namespace `kept`, and is killed. Gives the server's process id. */
async function leaveBehind({ binary, folder, port, uiPort }: ServerOptions): Promise<string> {
  const program = fileURLToPath(new URL('start-and-die.ts', import.meta.url));
  const args = [program, binary, folder, String(port), String(uiPort)];
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
  return (await readFile(join(folder, 'temporal.pid'), 'utf8')).trim();
}

async function service<Result>(address: string, ask: (service: WorkflowService) => Promise<Result>): Promise<Result> {
  const connection = await Connection.connect({ address });
  try {
    return await ask(connection.workflowService);
  } finally {
    await connection.close();
  }
}
