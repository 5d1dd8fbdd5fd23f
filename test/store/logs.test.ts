import { describe, expect, test } from 'vitest';

import { BadCursor } from '../../store/following.ts';
import type { JobRef } from '../../store/jobs.ts';
import type { LogQuery } from '../../store/logs.ts';
import { Refused } from '../../store/writes.ts';
import { describeStore } from './databases.ts';
import { jobRef, taskWithNodes } from './samples.ts';

describeStore('logs', (store) => {
  const append = (ref: JobRef, offset: number, text: string, stream: 'out' | 'err' | 'note' = 'out') =>
    store().logs.append(ref, stream, offset, Buffer.from(text), offset + Buffer.byteLength(text));
  const read = async (taskId: string, query: Omit<LogQuery, 'limit'> = {}) =>
    (await store().logs.read(taskId, { limit: 1000, ...query })).chunks;
  const textOf = async (taskId: string, query: Omit<LogQuery, 'limit'> = {}) =>
    Buffer.concat((await read(taskId, query)).map(({ bytes }) => bytes)).toString();
  const offsetsOf = async (ref: JobRef) => {
    const [node] = await store().ledger.slice(ref.taskId, [ref.no]);
    return node?.jobs.map(({ out, err }) => ({ out, err }));
  };

  test('a chunk is read as it was written, with where it comes from', async () => {
    const { id } = await taskWithNodes(store(), 2);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    await store().logs.append(jobRef(id, 1, 2, 3, 4), 'err', 1000, bytes, 1300);
    expect(await store().logs.read(id, { limit: 1 })).toEqual({
      chunks: [
        {
          ...{
            cursor: expect.stringMatching(/^\d+\.\d+$/) as string,
            no: 1,
            node: 'node-1',
            step: 2,
            stepName: 'start',
          },
          ...{ try: 3, action: 4, stream: 'err', offset: 1000, bytes, at: expect.any(Date) as Date },
        },
      ],
      more: false,
    });
    expect(await offsetsOf(jobRef(id, 1))).toEqual([{ out: 0, err: 1300 }]);
  });

  test('the chunks of a log are in their order, whatever is written at the same time', async () => {
    const { id } = await taskWithNodes(store(), 20);
    const nos = Array.from({ length: 20 }, (_, no) => no);
    const lines = Array.from({ length: 50 }, (_, line) => `line ${line}\n`);
    await Promise.all(
      nos.flatMap((no) => {
        let offset = 0;
        return lines.map((line) => append(jobRef(id, no), (offset += line.length) - line.length, line));
      }),
    );
    for (const no of nos) expect(await textOf(id, { no })).toBe(lines.join(''));
    expect((await store().logs.read(id, { limit: 5000 })).chunks).toHaveLength(1000);
  });

  describe('a chunk that is there already', () => {
    test('is kept once, at once or later', async () => {
      const { id } = await taskWithNodes(store(), 1);
      const ref = jobRef(id, 0);
      await Promise.all([append(ref, 0, 'one '), append(ref, 0, 'one '), append(ref, 4, 'two ')]);
      await append(ref, 4, 'two ');
      await append(ref, 0, 'one ');
      await append(ref, 0, 'note', 'note');
      await append(ref, 0, 'note', 'note');
      expect(await textOf(id)).toBe('one two note');
      expect(await offsetsOf(ref)).toEqual([{ out: 8, err: 0 }]);
    });

    test('is not kept again in other pieces', async () => {
      const { id } = await taskWithNodes(store(), 1);
      const ref = jobRef(id, 0);
      await append(ref, 0, '0123456789');
      await append(ref, 0, '01234');
      await append(ref, 5, '56789');
      expect(await textOf(id)).toBe('0123456789');
    });

    test('in part is refused, and takes no other write with it', async () => {
      const { id } = await taskWithNodes(store(), 2);
      const ref = jobRef(id, 0);
      await append(ref, 0, '0123456789');
      const [straddling, other] = await Promise.allSettled([
        append(ref, 5, '56789abc'),
        append(jobRef(id, 1), 0, 'fine'),
      ]);
      expect(straddling).toMatchObject({ status: 'rejected', reason: expect.any(Refused) as Refused });
      expect(other.status).toBe('fulfilled');
      expect(await offsetsOf(ref)).toEqual([{ out: 10, err: 0 }]);
      expect(await textOf(id, { no: 1 })).toBe('fine');
    });
  });

  test('masked bytes may be fewer than those they stand for', async () => {
    const { id } = await taskWithNodes(store(), 1);
    const ref = jobRef(id, 0);
    await store().logs.append(ref, 'out', 0, Buffer.from('password ***\n'), 40);
    await store().logs.append(ref, 'out', 40, Buffer.alloc(0), 50);
    await store().logs.append(ref, 'out', 50, Buffer.from('done\n'), 55);
    expect(await textOf(id)).toBe('password ***\ndone\n');
    expect(await offsetsOf(ref)).toEqual([{ out: 55, err: 0 }]);
  });

  describe('a cut', () => {
    test('leaves out the chunks wholly inside, and says how much is missing', async () => {
      const { id } = await taskWithNodes(store(), 1);
      const ref = jobRef(id, 0);
      for (let offset = 0; offset < 50; offset += 10) await append(ref, offset, `<${String(offset).padStart(8)}>`);
      await append(ref, 20, 'err', 'err');
      await store().logs.cut(ref, 'out', 15, 40);
      expect(await textOf(id)).toBe('<       0><      10>\n… 20 bytes left out …\n<      40>err');
      expect(await offsetsOf(ref)).toEqual([{ out: 50, err: 23 }]);
    });

    test('repeated changes nothing; a wider one counts all', async () => {
      const { id } = await taskWithNodes(store(), 1);
      const ref = jobRef(id, 0);
      for (let offset = 0; offset < 100; offset += 10) await append(ref, offset, '0123456789');
      await store().logs.cut(ref, 'out', 10, 30);
      await store().logs.cut(ref, 'out', 10, 30);
      await store().logs.cut(ref, 'out', 10, 80);
      expect(await textOf(id)).toBe('0123456789\n… 70 bytes left out …\n01234567890123456789');
      await append(ref, 20, '0123456789');
      expect(await textOf(id)).toBe('0123456789\n… 70 bytes left out …\n01234567890123456789');
    });

    test('counts what was never written', async () => {
      const { id } = await taskWithNodes(store(), 1);
      const ref = jobRef(id, 0);
      await append(ref, 0, 'begin');
      await append(ref, 1000, 'end');
      await store().logs.cut(ref, 'out', 5, 1000);
      expect(await textOf(id)).toBe('begin\n… 995 bytes left out …\nend');
    });

    test('up to the end of the log leaves a line, until more comes', async () => {
      const { id } = await taskWithNodes(store(), 1);
      const ref = jobRef(id, 0);
      for (let offset = 0; offset < 30; offset += 10) await append(ref, offset, '0123456789');
      await store().logs.cut(ref, 'out', 10, 30);
      expect(await textOf(id)).toBe('0123456789\n… 20 bytes left out …\n');
      await append(ref, 30, 'more');
      expect(await textOf(id)).toBe('0123456789\n… 20 bytes left out …\nmore');
      await store().logs.cut(ref, 'out', 10, 30);
      expect(await textOf(id)).toBe('0123456789\n… 20 bytes left out …\nmore');
    });

    test('with nothing inside is none', async () => {
      const { id } = await taskWithNodes(store(), 1);
      await store().logs.cut(jobRef(id, 0), 'out', 0, 10);
      await append(jobRef(id, 0), 0, '0123456789');
      await append(jobRef(id, 0), 10, 'abc');
      await store().logs.cut(jobRef(id, 0), 'out', 5, 10);
      expect(await textOf(id)).toBe('0123456789abc');
    });
  });

  describe('reading', () => {
    test('goes on behind a cursor, page by page, and says whether there is more', async () => {
      const { id } = await taskWithNodes(store(), 1);
      for (let offset = 0; offset < 50; offset += 10) await append(jobRef(id, 0), offset, `${offset}`.padEnd(10));
      let after = '0.0';
      const pages = [];
      for (let more = true; more;) {
        const page = await store().logs.read(id, { after, limit: 2 });
        pages.push(page.chunks.map(({ offset }) => offset));
        after = page.chunks.at(-1)?.cursor ?? after;
        more = page.more;
      }
      expect(pages).toEqual([[0, 10], [20, 30], [40]]);
      expect(await store().logs.read(id, { after, limit: 2 })).toEqual({ chunks: [], more: false });
    });

    test('is of one node, or one step, or both', async () => {
      const { id } = await taskWithNodes(store(), 2);
      for (const no of [0, 1]) for (const step of [0, 1]) await append(jobRef(id, no, step), 0, `${no}${step} `);
      expect(await textOf(id)).toBe('00 01 10 11 ');
      expect(await textOf(id, { no: 1 })).toBe('10 11 ');
      expect(await textOf(id, { step: 1 })).toBe('01 11 ');
      expect(await textOf(id, { no: 0, step: 1 })).toBe('01 ');
    });

    test('refuses a cursor that no read gave', async () => {
      const { id } = await taskWithNodes(store(), 1);
      for (const after of ['', '12', 'a.b', '1.2.3', "1.2'; drop table tasks"]) {
        await expect(store().logs.read(id, { after, limit: 1 })).rejects.toThrow(BadCursor);
        await expect(store().events.read(id, { after, limit: 1 })).rejects.toThrow(BadCursor);
      }
    });
  });
});
