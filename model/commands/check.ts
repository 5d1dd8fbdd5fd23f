import { Filler, type Audience } from '../filler.ts';
import { portNumber } from '../ports.ts';
import { RenderError, type Scope } from '../scope.ts';
import { quote } from '../shell.ts';
import type { CheckAction } from '../template.ts';

/** A check that the worker does itself. Durations in ms. */
export interface Probe {
  kind: 'probe';
  http?: string;
  tcp?: string;
  status?: number;
  within: number;
  interval: number;
}

export const URL_SHAPE = 'a URL as http://host:port/path';
export const TCP_SHAPE = 'host:port, as db.example.net:5432 or [2001:db8::1]:5432';

const NO_SECRETS = 'it would show in logs on the way; use `shell` with `env`';

/** A probe for the worker, or what writes the script that probes on the node. */
export function renderCheck(
  check: CheckAction,
  scope: Scope,
): Probe | { kind: 'on the node'; write: (filler: Filler, audience: Audience) => string } {
  if (check.shell !== undefined) {
    const { shell } = check;
    return onNode(check, (filler) => filler.shell(shell, 'check.shell'), writeShellProbe);
  }
  const filler = new Filler(withBrackets(scope), 'node');
  const http = check.http === undefined ? undefined : checkedUrl(fillAddress(check.http, 'check.http', filler));
  const tcp = check.tcp === undefined ? undefined : checkedTarget(fillAddress(check.tcp, 'check.tcp', filler));
  if (check.from === 'node') {
    if (http !== undefined)
      return onNode(
        check,
        () => http,
        () => writeHttpProbe(http, check.status),
      );
    return onNode(
      check,
      () => tcp ?? '',
      () => writeTcpProbe(tcp ?? ''),
    );
  }
  return {
    kind: 'probe',
    ...(http !== undefined && { http }),
    ...(tcp !== undefined && { tcp }),
    ...(check.status !== undefined && { status: check.status }),
    within: check.within,
    interval: check.interval,
  };
}

function onNode(check: CheckAction, what: (filler: Filler) => string, probe: (text: string) => string[]) {
  const kind = check.http !== undefined ? 'http' : check.tcp !== undefined ? 'tcp' : 'shell';
  return {
    kind: 'on the node' as const,
    write: (filler: Filler, audience: Audience) => {
      const text = what(filler);
      return audience === 'person' ? `check ${kind} on the node: ${text}` : writeLoop(check, probe(text));
    },
  };
}

/** An IPv6 address needs brackets before a port. Those that the template has written itself go first. */
function withBrackets(scope: Scope): Scope {
  const { address } = scope.node;
  return address.includes(':') ? { ...scope, node: { ...scope.node, address: `[${address}]` } } : scope;
}

function fillAddress(text: string, path: string, filler: Filler): string {
  return filler.plain(text.replace(/\[(\{\{\s*node\.address\s*\}\})\]/g, '$1'), path, NO_SECRETS);
}

export function isUrl(text: string): boolean {
  return /^https?:\/\/[^\s/]/.test(text) && !/\s/.test(text) && URL.canParse(text);
}

export function isTarget(text: string): boolean {
  const [, port = ''] = /^(?:\[[0-9A-Fa-f:.%\w]+\]|[^\s:[\]/@-][^\s:[\]/@]*):(\d+)$/.exec(text) ?? [];
  return portNumber(port) !== undefined;
}

function checkedUrl(text: string): string {
  if (!isUrl(text)) throw new RenderError('check.http', `"${text}" is no URL, expected ${URL_SHAPE}`);
  return text;
}

function checkedTarget(text: string): string {
  if (!isTarget(text)) throw new RenderError('check.tcp', `"${text}" cannot be connected to, expected ${TCP_SHAPE}`);
  return text;
}

/** Probes until one passes or `within` is over, and then tells what the last one said. */
function writeLoop({ within, interval }: CheckAction, probe: string[]): string {
  const seconds = Math.ceil(within / 1000);
  return [
    // Time since boot: a clock that is set meanwhile changes nothing.
    'drover_now() { if read -r drover_up _ 2>/dev/null </proc/uptime; then echo "${drover_up%%.*}"; else date +%s; fi; }',
    `drover_end=$(( $(drover_now) + ${seconds} ))`,
    'drover_limited() {',
    '  if command -v timeout >/dev/null 2>&1; then',
    '    drover_left=$(( drover_end - $(drover_now) )); [ "$drover_left" -ge 1 ] || drover_left=1',
    '    timeout "$drover_left" "$@"',
    '  else "$@"; fi',
    '}',
    'drover_probe() {',
    ...probe.map((line) => `  ${line}`),
    '}',
    'while :; do',
    `  ${pause(Math.min(interval, within))} </dev/null >/dev/null 2>&1 &`,
    '  drover_nap=$!',
    '  if drover_said=$(drover_probe </dev/null 2>&1); then kill "$drover_nap" 2>/dev/null; exit 0; fi',
    '  if [ "$(drover_now)" -ge "$drover_end" ]; then kill "$drover_nap" 2>/dev/null; break; fi',
    '  wait "$drover_nap"',
    'done',
    `printf 'not healthy within %s; the last probe said: %s\\n' ${quote(shownDuration(within))} "$(printf %s "$drover_said" | tail -c 2000)" >&2`,
    'exit 1',
    '',
  ].join('\n');
}

/** Some sleeps know whole seconds only. */
function pause(ms: number): string {
  const whole = `sleep ${Math.ceil(ms / 1000)}`;
  return ms % 1000 === 0 ? whole : `{ sleep ${ms / 1000} || ${whole}; }`;
}

function writeShellProbe(text: string): string[] {
  return [`drover_limited sh -c ${quote(text)} && return`, 'drover_code=$?; echo "(exit code $drover_code)"; return 1'];
}

/** Asks once, without following redirections, with curl or else wget. */
function writeHttpProbe(url: string, status: number | undefined): string[] {
  const word = quote(url);
  return [
    'if command -v curl >/dev/null 2>&1; then',
    `  drover_status=$(curl -g -sS -o /dev/null -w '%{http_code}' --max-time 10 ${word}) || return`,
    'elif command -v wget >/dev/null 2>&1; then',
    `  drover_answer=$(wget -S -O /dev/null -T 10 ${word} 2>&1)`,
    String.raw`  drover_status=$(printf '%s\n' "$drover_answer" | sed -n 's/^ *HTTP\/[0-9.]* *\([0-9][0-9][0-9]\).*/\1/p' | head -n 1)`,
    '  [ -n "$drover_status" ] || { printf \'%s\\n\' "$drover_answer"; return 1; }',
    `else echo 'a check by http from the node needs curl or wget there, and neither is installed'; return 1`,
    'fi',
    `case $drover_status in ${status ?? '2??'}) return 0;; esac`,
    `printf '%s answered %s\\n' ${word} "$drover_status"`,
    'return 1',
  ];
}

function writeTcpProbe(target: string): string[] {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(target) ?? [];
  return [
    'if command -v bash >/dev/null 2>&1; then',
    `  drover_limited bash -c 'exec 3<>"/dev/tcp/$0/$1"' ${quote(host)} ${port} && return`,
    `  [ "$?" -ne 124 ] || echo ${quote(`no answer from ${target}`)}`,
    '  return 1',
    `elif command -v nc >/dev/null 2>&1; then nc -z -w 5 ${quote(host)} ${port} || { echo ${quote(`cannot connect to ${target}`)}; return 1; }`,
    `else echo 'a check by tcp from the node needs bash or nc there, and neither is installed'; return 1`,
    'fi',
  ];
}

function shownDuration(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
