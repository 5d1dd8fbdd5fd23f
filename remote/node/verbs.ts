import { createHash } from 'node:crypto';

/** The lines that a session takes: seven words each (resumable.sh, perform). */
export const verbs = {
  /** Start, or attach to, a job: `token` is the one under which it was first sent, `from` what is held of its output. */
  job: (job: { id: string; token: string; limit: number; from: { out: number; err: number }; script: string }) =>
    line('job', job.id, job.token, Math.ceil(job.limit), job.from.out, job.from.err, encodeScript(job.script)),
  cancel: (id: string) => line('cancel', id),
  /** Ends what carries the job's mark in its environment, without a journal: for plain commands. */
  stop: (id: string) => line('stop', id),
  ack: (ids: string[]) => line('ack', ids.join(',')),
  /** Deletes what is older, but for running jobs and the script in use. */
  gc: (file: string, days: number) => line('gc', file, '-', days),
};

function line(name: string, id: string, token = '-', limit = 0, out = 0, err = 0, script = ''): string {
  return `${name} ${id} ${token} ${limit} ${out} ${err} ${script}\n`;
}

/** A script on one line, as `printf %b` takes it: printable ASCII, no blank at either end for `read` to drop. */
export function encodeScript(script: string): string {
  if (script.includes('\0')) throw new Error('a script cannot hold a NUL byte');
  const octal = (byte: number) => `\\0${byte.toString(8).padStart(3, '0')}`;
  return script
    .replace(/[^ -~]|\\/gu, (character) => [...Buffer.from(character)].map(octal).join(''))
    .replace(/^ | $/g, octal(32));
}

/** Any name as an id that the node takes: its readable end and a hash of the whole. */
export function nodeJobId(name: string): string {
  const readable = name
    .replace(/[^A-Za-z0-9]+/g, '-')
    .slice(-60)
    .replace(/^-+|-+$/g, '');
  return `${readable || 'job'}-${createHash('sha256').update(name).digest('hex').slice(0, 20)}`;
}
