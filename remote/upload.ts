import type { SFTPWrapper } from 'ssh2';
import { ContactLost } from './errors.ts';

/** Bytes in one write, which every server takes, and how many are under way at once: 1 MB a round trip. */
const PIECE = 32 * 1024;
const UNDER_WAY = 32;

/** Writes a new file, readable by its owner alone, over SFTP. Throws what the server says, or ContactLost. */
export async function upload(sftp: SFTPWrapper, file: string, content: AsyncIterable<Buffer>): Promise<void> {
  let onClose = () => {};
  const broken = new Promise<never>((_, reject) => (onClose = () => reject(lost())));
  broken.catch(() => {}); // it may close when all is done
  sftp.on('error', () => {}); // it closes anyway
  sftp.once('close', onClose);
  await Promise.race([write(sftp, file, content), broken]);
}

async function write(sftp: SFTPWrapper, file: string, content: AsyncIterable<Buffer>): Promise<void> {
  const handle = await asked<Buffer>((done) => sftp.open(file, 'wx', { mode: 0o600 }, done));
  const underWay = new Set<Promise<void>>();
  let position = 0;
  for await (const chunk of content) {
    for (const piece of pieces(chunk)) {
      const start = position;
      const written = asked((done) => sftp.write(handle, piece, 0, piece.length, start, done));
      const settled = written.finally(() => underWay.delete(settled));
      settled.catch(() => {}); // thrown by one of the two waits
      underWay.add(settled);
      position += piece.length;
      if (underWay.size >= UNDER_WAY) await Promise.race(underWay);
    }
  }
  await Promise.all(underWay);
  await asked((done) => sftp.close(handle, done));
}

function* pieces(chunk: Buffer): Generator<Buffer> {
  for (let at = 0; at < chunk.length; at += PIECE) yield chunk.subarray(at, at + PIECE);
}

function asked<T = void>(start: (done: (error?: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      if (!error) resolve(value as T);
      else reject(/No response from server/.test(error.message) ? lost() : error);
    });
  });
}

function lost(): ContactLost {
  return new ContactLost('the connection broke during the upload');
}
