import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface Probe {
  http?: string;
  /** `host:port` */
  tcp?: string;
  /** HTTP status wanted; any 2xx when not given. */
  status?: number;
  /** ms */
  within: number;
  interval: number;
}

/** Asks until the answer is right; resolves with the last answer once the time is over. Rejects when `signal` aborts. */
export async function probe(probe: Probe, signal: AbortSignal): Promise<{ healthy: boolean; answer: string }> {
  const deadline = Date.now() + probe.within;
  for (;;) {
    const began = Date.now();
    const patience = Math.max(100, Math.min(5_000, deadline - began));
    const { healthy, answer } = probe.http
      ? await askHttp(probe.http, probe.status, patience, signal)
      : await askTcp(probe.tcp ?? '', patience, signal);
    signal.throwIfAborted();
    if (healthy || Date.now() + probe.interval > deadline) return { healthy, answer };
    await delay(Math.max(0, probe.interval - (Date.now() - began)), undefined, { signal });
  }
}

async function askHttp(url: string, status: number | undefined, patience: number, signal: AbortSignal) {
  try {
    const reply = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
      redirect: 'manual',
    });
    const body = (await reply.text()).slice(0, 200).trim();
    const healthy = status === undefined ? reply.ok : reply.status === status;
    return { healthy, answer: `HTTP ${reply.status}${body ? `: ${body}` : ''}` };
  } catch (error) {
    return { healthy: false, answer: reasonOf(error, patience) };
  }
}

async function askTcp(target: string, patience: number, signal: AbortSignal) {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(target) ?? [];
  const socket = net.connect({ host, port: Number(port), signal });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.setTimeout(patience, () => reject(new DOMException('', 'TimeoutError')));
      socket.once('connect', resolve).once('error', reject);
    });
    return { healthy: true, answer: `${target} accepts connections` };
  } catch (error) {
    return { healthy: false, answer: reasonOf(error, patience) };
  } finally {
    socket.destroy();
  }
}

function reasonOf(error: unknown, patience: number): string {
  if ((error as Error).name === 'TimeoutError') return `no answer within ${(patience / 1000).toFixed(1)} s`;
  const { cause = error } = error as { cause?: unknown };
  const { code, message } = cause as { code?: string; message?: string };
  if (code === 'ECONNREFUSED') return 'connection refused';
  return message || code || String(cause);
}
