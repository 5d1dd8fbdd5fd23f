/** One machine as a nodes file, a pool or a caller names it. What is not given comes from the worker's ssh_config. */
export interface Node {
  name: string;
  address: string;
  port?: number;
  user?: string;
  identityFile?: string;
  knownHosts?: string;
  /** Jump host: `[user@]host[:port]`. */
  via?: string;
  /** `strict` (default): the key must be in known_hosts. `first-use`: a key never seen is accepted and pinned. */
  hostKeys?: 'strict' | 'first-use';
  labels?: Record<string, string>;
  params?: Record<string, string>;
}
