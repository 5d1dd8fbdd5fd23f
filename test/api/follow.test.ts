import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskEvent } from '../../model/task.ts';
import { begin, endTask, seedTask, serveApi, type Served } from './served.ts';
import { Stream } from './streams.ts';

let api: Served;
beforeAll(async () => {
  api = await serveApi();
});
afterAll(() => api.close());

const log = (task: string, query = '') => `${api.url}/api/v1/tasks/${task}/log${query}`;
const text = async (url: string) => (await fetch(url)).text();

describe("a task's events", () => {
  const statuses = (stream: Stream) =>
    stream.data
      .map((data) => (JSON.parse(data) as TaskEvent).event)
      .flatMap((event) => (event.kind === 'task' ? [event.status] : []));

  it('come from the beginning, then live, and end after the final one', async () => {
    const task = await seedTask(api, 'events');
    const stream = new Stream(`${api.url}/api/v1/tasks/events/events`);
    await stream.until(({ events }) => events.some(({ comment }) => comment === 'live'));
    expect(statuses(stream)).toEqual(['running']);
    await api.store.ledger.batch(task.id, 1, 3, 'started');
    await stream.until(({ data }) => data.some((line) => line.includes('"batch"')));
    await endTask(api, task);
    await stream.ended;
    expect(statuses(stream)).toEqual(['running', 'ok']);
  });

  it('go on after Last-Event-ID', async () => {
    const task = await seedTask(api, 'resumed-events');
    const first = new Stream(`${api.url}/api/v1/tasks/resumed-events/events`);
    await first.until(({ data }) => data.length === 1);
    first.disconnect();
    await api.store.tasks.update(task.id, { status: 'paused', reason: 'by hand' });
    await endTask(api, task, 'failed');
    const second = new Stream(`${api.url}/api/v1/tasks/resumed-events/events`, first.lastId);
    await second.ended;
    expect(statuses(second)).toEqual(['paused', 'failed']);
    const third = new Stream(`${api.url}/api/v1/tasks/resumed-events/events`, second.lastId);
    await third.ended;
    expect(third.status).toBe(204);
  });

  it('do not end at an end that a retry has undone', async () => {
    const task = await seedTask(api, 'retried');
    await endTask(api, task, 'failed');
    await api.store.tasks.update(task.id, { status: 'running' });
    api.temporal.executions.set('retried', 'running');
    const stream = new Stream(`${api.url}/api/v1/tasks/retried/events`);
    await stream.until(({ events }) => events.some(({ comment }) => comment === 'live'));
    await endTask(api, task);
    await stream.ended;
    expect(statuses(stream)).toEqual(['running', 'failed', 'running', 'ok']);
  });

  it('end with what Temporal says when the task was terminated there and no worker could write it down', async () => {
    await seedTask(api, 'terminated');
    const stream = new Stream(`${api.url}/api/v1/tasks/terminated/events`);
    await stream.until(({ data }) => data.length === 1);
    api.temporal.executions.set('terminated', 'terminated');
    await stream.ended;
    expect(statuses(stream)).toEqual(['running', 'terminated']);
    expect(stream.events.at(-1)?.id).toBeUndefined();
  });

  it('are 404 for a task that is not there, 400 after an id that is none', async () => {
    expect((await fetch(`${api.url}/api/v1/tasks/nope/events`)).status).toBe(404);
    await endTask(api, await seedTask(api, 'bad-id'));
    const answer = await fetch(`${api.url}/api/v1/tasks/bad-id/events`, { headers: { 'last-event-id': 'x' } });
    expect(answer.status).toBe(400);
  });

  it('end when the server closes, so that clients can come back', async () => {
    const other = await serveApi();
    await seedTask(other, 'closing');
    const stream = new Stream(`${other.url}/api/v1/tasks/closing/events`);
    await stream.until(({ data }) => data.length === 1);
    const began = Date.now();
    await Promise.all([other.close(), stream.ended]);
    expect(Date.now() - began).toBeLessThan(5000);
  });
});

describe("a task's log", () => {
  it('has every line once, after its node, in order; with the node named, alone', async () => {
    const task = await seedTask(api, 'log');
    const one = await begin(api.store, { taskId: task.id, no: 0, step: 0, try: 1, action: 0 });
    const two = await begin(api.store, { taskId: task.id, no: 1, step: 0, try: 1, action: 0 });
    await one.write('first ', 'line\nsecond');
    await two.write('other\n');
    await one.write(' line\n');
    expect(await text(log('log'))).toBe('web-01 | first line\nweb-02 | other\nweb-01 | second line\n');
    expect(await text(log('log', '?node=web-01'))).toBe('first line\nsecond line\n');
    expect(await text(log('log', '?node=web-01&step=start'))).toBe('');
  });

  it('has what has no line end, headings of tries, and raw bytes without either', async () => {
    const task = await seedTask(api, 'tries');
    const first = await begin(api.store, { taskId: task.id, no: 0, step: 0, try: 1, action: 0 });
    await first.write('no end');
    const second = await begin(api.store, { taskId: task.id, no: 0, step: 0, try: 2, action: 0 });
    await second.write(Buffer.from([0xe2, 0x82]), Buffer.from([0xac, 0xff]));
    expect(await text(log('tries', '?node=web-01'))).toBe('no end\n-- pull, try 2 --\n€\ufffd\n');
    const raw = Buffer.from(await (await fetch(log('tries', '?raw=1'))).arrayBuffer());
    expect(raw).toEqual(Buffer.concat([Buffer.from('no end'), Buffer.from([0xe2, 0x82, 0xac, 0xff])]));
    expect(await (await fetch(log('tries', '?format=json'))).json()).toMatchObject([
      { node: 'web-01', step: 'pull', try: 1, action: 0, stream: 'out', text: 'no end' },
      { try: 2, text: '€\ufffd' },
    ]);
  });

  it('is followed live, until the task has ended and everything was sent', async () => {
    const task = await seedTask(api, 'live');
    const ref = { taskId: task.id, no: 0, step: 0, try: 1, action: 0 };
    const stream = new Stream(log('live', '?follow=1'));
    const output = await begin(api.store, ref);
    await output.write('one\ntw');
    await stream.until(({ data }) => data.join() === 'web-01 | one');
    await output.write('o\nno end');
    await stream.until(({ data }) => data.length === 2);
    await api.store.ledger.finish(ref, { status: 'ok', exitCode: 0, reason: '' });
    await stream.until(({ data }) => data.length === 3);
    const last = await begin(api.store, { ...ref, no: 1 });
    await last.write('the last');
    await endTask(api, task);
    await stream.ended;
    expect(stream.data).toEqual(['web-01 | one', 'web-01 | two', 'web-01 | no end', 'web-02 | the last']);
    expect(stream.events.at(-1)).toEqual({ event: 'end', data: 'ok' });
  });

  it('goes on where a follower was, also in the middle of lines', async () => {
    const task = await seedTask(api, 'resumed');
    const one = await begin(api.store, { taskId: task.id, no: 0, step: 0, try: 1, action: 0 });
    const two = await begin(api.store, { taskId: task.id, no: 1, step: 0, try: 1, action: 0 });
    await one.write('a1\na2 be');
    await two.write('b1\nb2 be');
    await one.write('gins\na3 be');
    const first = new Stream(log('resumed', '?follow=1'));
    await first.until(({ data }) => data.join('\n').includes('a2 begins'));
    first.disconnect();
    await two.write('gins\n');
    await one.write('gins\n');
    await endTask(api, task);
    const second = new Stream(log('resumed', '?follow=1'), first.lastId);
    await second.ended;
    const all = [...first.data, ...second.data].join('\n').split('\n');
    expect(all.toSorted()).toEqual([
      'web-01 | a1',
      'web-01 | a2 begins',
      'web-01 | a3 begins',
      'web-02 | b1',
      'web-02 | b2 begins',
    ]);
  });

  it('is followed raw in base64', async () => {
    const task = await seedTask(api, 'raw');
    const output = await begin(api.store, { taskId: task.id, no: 0, step: 0, try: 1, action: 0 });
    await output.write(Buffer.from([0, 255, 10]), 'end');
    await endTask(api, task);
    const stream = new Stream(log('raw', '?follow=1&raw=1'));
    await stream.ended;
    expect(Buffer.concat(stream.data.map((data) => Buffer.from(data, 'base64')))).toEqual(
      Buffer.from([0, 255, 10, 101, 110, 100]),
    );
  });

  it('names a node and a step that are not there', async () => {
    await seedTask(api, 'astray');
    const answer = await fetch(log('astray', '?node=x&step=y'));
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      error: { problems: [{ path: 'node' }, { path: 'step', expected: 'one of pull, start' }] },
    });
  });

  it('of 20 MB comes through to a slow reader', async () => {
    const task = await seedTask(api, 'big');
    const output = await begin(api.store, { taskId: task.id, no: 0, step: 0, try: 1, action: 0 });
    const line = `${'x'.repeat(1023)}\n`;
    for (let i = 0; i < 320; i++) await output.write(line.repeat(64));
    const response = await fetch(log('big', '?node=web-01'));
    let size = 0;
    for await (const bytes of response.body ?? []) {
      size += (bytes as Uint8Array).length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(size).toBe(320 * 64 * 1024);
  });
});
