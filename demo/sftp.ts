import { open, type FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';
import ssh2, { type SFTPWrapper } from 'ssh2';

const { flagsToString, STATUS_CODE } = ssh2.utils.sftp;

/** As much of SFTP as an upload takes: open, write, close. Paths are relative to `root`, as to a home folder. */
export function serveUploads(sftp: SFTPWrapper, root: string): void {
  const files = new Map<number, FileHandle>();
  let opened = 0;

  sftp.on('OPEN', (request: number, path: string, flags: number, { mode = 0o666 }: { mode?: number }) => {
    const answer = open(resolve(root, path), flagsToString(flags) ?? 'r', mode).then((file) => {
      const handle = Buffer.alloc(4);
      handle.writeUInt32BE(opened);
      files.set(opened++, file);
      sftp.handle(request, handle);
    });
    answer.catch(refuse(sftp, request));
  });

  sftp.on('WRITE', (request: number, handle: Buffer, offset: number, bytes: Buffer) => {
    const written = fileOf(handle).then((file) => file.write(bytes, 0, bytes.length, offset));
    written.then(accept(sftp, request), refuse(sftp, request));
  });

  sftp.on('CLOSE', (request: number, handle: Buffer) => {
    const closed = fileOf(handle).then((file) => file.close());
    files.delete(handle.readUInt32BE());
    closed.then(accept(sftp, request), refuse(sftp, request));
  });

  sftp.on('close', () => {
    for (const file of files.values()) void file.close().catch(() => undefined);
  });

  async function fileOf(handle: Buffer): Promise<FileHandle> {
    const file = files.get(handle.readUInt32BE());
    if (!file) throw new Error('no such handle');
    return Promise.resolve(file);
  }
}

function accept(sftp: SFTPWrapper, request: number): () => void {
  return () => {
    sftp.status(request, STATUS_CODE.OK);
  };
}

function refuse(sftp: SFTPWrapper, request: number): (error: NodeJS.ErrnoException) => void {
  return ({ code, message }) => {
    sftp.status(request, code === 'ENOENT' ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE, message);
  };
}
