import type { ProviderSpec } from '../model/pool/provider.ts';
import { everai } from './everai.ts';
import type { Given } from './given.ts';
import { http } from './http.ts';
import type { Provider } from './provider.ts';
import { suanli } from './suanli.ts';
import { jupiter } from './jupiter.ts';
import { croupier } from './croupier.ts';
import { top } from './top.ts';
import { ssh } from './ssh.ts';

/** The provider that a pool's document describes, with its secrets read. Throws what `given.secret` throws, and Refused. */
export function openProvider(spec: ProviderSpec, given: Given): Promise<Provider> {
  if ('suanli' in spec) return suanli(spec.suanli, given);
  if ('jupiter' in spec) return jupiter(spec.jupiter, given);
  if ('croupier' in spec) return croupier(spec.croupier, given);
  if ('top' in spec) return top(spec.top, given);
  if ('everai' in spec) return everai(spec.everai, given);
  return 'http' in spec ? http(spec.http, given) : ssh(spec.ssh);
}
