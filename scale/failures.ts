import { NotSent, Refused, Unclear } from './provider.ts';
import { TooLarge } from './reply.ts';

/** What a request without a reply comes to: whether it can have reached the vendor is told by where it broke. */
export function withoutReply(error: unknown, what: string): NotSent | Unclear {
  if (error instanceof TooLarge) return new Unclear(`${what}: ${error.message}`);
  const cause = causeOf(error);
  const told = WORDS[cause.code ?? 'ECONNRESET'] ?? cause.code;
  if (NEVER_CONNECTED.has(cause.code ?? '') || CONNECTING.has(cause.syscall ?? '')) {
    return new NotSent(`${what}: cannot be reached: ${told}`);
  }
  return new Unclear(`${what}: no reply: ${told}`);
}

const WORDS: Partial<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection broke',
  EAI_AGAIN: 'names cannot be looked up now',
  ENOTFOUND: 'no host has this name',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_SOCKET: 'the connection broke',
};

/** The syscalls of a connection that does not come about. */
const CONNECTING = new Set(['connect', 'getaddrinfo']);
const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  // The vendor's certificate: TLS ends before anything is sent.
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** What a status other than those that are well comes to. `told`: the vendor's own message. */
export function withStatus(status: number, what: string, told: string): Refused | NotSent | Unclear {
  const message = `${what}: ${status}${told === '' ? '' : `: ${told}`}`;
  if (status === 429) return new NotSent(message);
  // 408: the vendor waited for more of the request, and may have begun with what it had.
  if (status >= 500 || status === 408) return new Unclear(message);
  return new Refused(message);
}

/** ms that a reply asks to wait, in seconds or until a date; undefined when it does not say. */
export function retryAfter(header: string | null, now = Date.now()): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

interface Cause {
  code?: string;
  syscall?: string;
}

/** fetch tells what broke in the cause of its error; of several addresses that were tried, in the first's. */
function causeOf(error: unknown): Cause {
  if (!(error instanceof Error)) return {};
  if (error instanceof AggregateError && error.errors.length > 0) return causeOf(error.errors[0]);
  if (error.cause instanceof Error) return causeOf(error.cause);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const syscall = 'syscall' in error && typeof error.syscall === 'string' ? error.syscall : undefined;
  return { ...(code !== undefined && { code }), ...(syscall !== undefined && { syscall }) };
}
