import { readFileSync } from 'node:fs';
import net from 'node:net';
import { Client } from 'ssh2';
import type { Target } from '../remote/target.ts';

/**
 * The least there is to do: connect to each node with its host key checked, run `true` so many times one after the other,
 * `concurrency` nodes at once. No ledger, no log, no crash survived.
 */
export async function floor(targets: Target[], steps: number, concurrency: number, hostKey: string): Promise<void> {
  const pin = Buffer.from(hostKey.split(' ')[1] ?? '', 'base64');
  let next = 0;
  const lane = async () => {
    for (let target = targets[next++]; target; target = targets[next++]) await one(target, steps, pin);
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}

async function one({ address, port = 22, user, identityFile }: Target, steps: number, pin: Buffer): Promise<void> {
  const client = new Client();
  await new Promise<void>((resolve, reject) => {
    client.once('ready', resolve).on('error', reject);
    client.connect({
      sock: net.connect({ host: address, port, noDelay: true }),
      ...(user && { username: user }),
      privateKey: readFileSync(identityFile ?? ''),
      hostVerifier: (key: Buffer) => key.equals(pin),
      algorithms: { serverHostKey: ['ssh-ed25519'] },
    });
  });
  for (let i = 0; i < steps; i++) await execute(client);
  client.end();
}

function execute(client: Client): Promise<void> {
  return new Promise((resolve, reject) => {
    client.exec('/bin/true', (error, channel) => {
      if (error) {
        reject(error);
        return;
      }
      channel.resume().stderr.resume();
      channel.on('close', (code: number) => (code === 0 ? resolve() : reject(new Error(`exit ${code}`))));
    });
  });
}
