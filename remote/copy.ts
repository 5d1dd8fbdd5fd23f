import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { SFTPWrapper } from 'ssh2';
import type { Contact } from './contact.ts';
import { ContactLost, messageOf, Refused, Unreachable } from './errors.ts';
import { runOn } from './exec.ts';
import type { Fleet } from './fleet.ts';
import { correctRights, look, putInPlace, quoted, type WantedFile } from './node/file.ts';
import type { Target } from './target.ts';
import { upload } from './upload.ts';

export interface FileCopy {
  /** Where it goes; not absolute: below the login user's home. */
  dest: string;
  content: Buffer | (() => AsyncIterable<Buffer>);
  size: number;
  sha256: string;
  /** Octal, as chmod takes it. Without: that of the file it replaces, or 0644. */
  mode?: string;
  /** `user` or `user:group`. Without: that of the file it replaces where root writes, else the login user. */
  owner?: string;
  /** Puts it in place by `sudo -n`. */
  sudo?: boolean;
}

/** The file on the node is as it was. One sentence says why. */
export class CopyFailed extends Error {
  override name = 'CopyFailed';
}

/** Tries when connections break: a copy that comes twice does no harm. */
const TRIES = 3;
/** Seconds for the node to compare, or to put in place. */
const LIMIT = 600;

/**
 * Puts a file on a node, whole or not at all (a new file beside it, then a rename), unless it is there already with the
 * same content, mode and owner. Throws CopyFailed, Unreachable.
 */
export async function copyFile(
  fleet: Fleet,
  target: Target,
  file: FileCopy,
  options: { signal?: AbortSignal } = {},
): Promise<{ changed: boolean }> {
  const contact = fleet.contact(target);
  const release = contact.hold();
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await copyOnce(contact, { ...file, dest: file.dest.replace(/^~\//, '') }, options.signal);
      } catch (error) {
        if (error instanceof Refused) throw new CopyFailed(messageOf(error));
        if (!(error instanceof ContactLost)) throw error;
        if (attempt === TRIES) throw new Unreachable(`the connection broke ${TRIES} times: ${error.message}`);
      }
      await delay(300 * attempt * (0.5 + Math.random()));
    }
  } finally {
    release();
  }
}

async function copyOnce(
  contact: Contact,
  file: FileCopy,
  signal: AbortSignal | undefined,
): Promise<{ changed: boolean }> {
  refuseIfAborted(file, signal);
  const there = await ask(contact, file, look(file));
  if (there === 'same') return { changed: false };
  if (there === 'content') await ask(contact, file, correctRights(file));
  else await replace(contact, file, signal);
  return { changed: true };
}

async function replace(contact: Contact, file: FileCopy, signal: AbortSignal | undefined): Promise<void> {
  // In the folder of the jobs, whose garbage collection takes what a lost connection leaves there.
  const uploaded = `${contact.base}/upload-${randomBytes(12).toString('hex')}`;
  try {
    await send(contact, file, uploaded, signal);
    refuseIfAborted(file, signal);
    await ask(contact, file, putInPlace(file, uploaded));
  } catch (error) {
    if (!(error instanceof ContactLost)) await say(contact, `rm -f ${quoted(uploaded)}`).catch(() => {});
    throw error;
  }
}

async function send(
  contact: Contact,
  file: FileCopy,
  uploaded: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const sftp = await openSftp(contact, file);
  try {
    await upload(sftp, uploaded, pieces(file, signal));
  } catch (error) {
    if (error instanceof CopyFailed || error instanceof ContactLost) throw error;
    throw new CopyFailed(`cannot copy ${file.dest}: the upload to ${uploaded} on the node failed: ${messageOf(error)}`);
  } finally {
    sftp.end();
  }
}

async function openSftp(contact: Contact, { dest }: FileCopy): Promise<SFTPWrapper> {
  try {
    return await contact.sftp();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw new CopyFailed(
      `cannot copy ${dest}: the SSH server on the node has no SFTP (${error.message}); ` +
        'sshd_config needs a line like "Subsystem sftp internal-sftp"',
    );
  }
}

async function* pieces(file: FileCopy, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  const source = Buffer.isBuffer(file.content) ? [file.content] : file.content();
  for await (const piece of source) {
    refuseIfAborted(file, signal);
    yield piece;
  }
}

function refuseIfAborted({ dest }: FileCopy, signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CopyFailed(`the copy of ${dest} was cancelled; the file is as it was`);
}

type Answer = 'same' | 'content' | 'other' | 'done';

/** The script's verdict. Throws CopyFailed when it is another than those. */
async function ask(contact: Contact, file: WantedFile, script: string): Promise<Answer> {
  const { said, complaint } = await say(contact, script);
  if (said === 'same' || said === 'content' || said === 'other' || said === 'done') return said;
  const sentences: Record<string, string> = {
    folder: 'it is a folder',
    'no-folder': 'the folder that it goes into does not exist',
    'no-read': 'the file that is there cannot be read; does it need sudo: true?',
    'no-sudo': `the login user may not use sudo without a password (${complaint})`,
    damaged: 'what arrived is not what was sent: does its sha256 belong to its content?',
  };
  throw new CopyFailed(
    `cannot copy ${file.dest}: ${sentences[said] ?? (complaint || said || 'the node gave no reason')}`,
  );
}

async function say(contact: Contact, script: string): Promise<{ said: string; complaint: string }> {
  const text = { out: '', err: '' };
  await runOn(contact, { script, limit: LIMIT }, (stream, _, bytes) => {
    text[stream] = (text[stream] + bytes.toString()).slice(-2000);
    return Promise.resolve();
  });
  return { said: text.out.trim(), complaint: text.err.trim().replace(/\s*\n\s*/g, '; ') };
}
