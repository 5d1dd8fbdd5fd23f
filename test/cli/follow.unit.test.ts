import { describe, expect, it } from 'vitest';
import { LinesDisplay } from '../../cli/follow/lines.ts';
import { picture } from '../../cli/follow/live.ts';
import { Progress } from '../../cli/follow/progress.ts';
import { summaryText } from '../../cli/follow/summary.ts';
import { readEvents } from '../../cli/server/sse.ts';
import { DEFAULT_ROLLOUT } from '../../model/rollout.ts';
import { noCounts, type NodeStatus } from '../../model/status.ts';
import type { NodeView, TaskEventBody, TaskView } from '../../model/task.ts';

const TASK: TaskView = {
  ...{
    id: '1',
    name: 'web-1',
    kind: 'run',
    pool: null,
    number: 1,
    title: 'web-1',
    templateVersion: null,
    template: 'web',
    status: 'running',
    reason: '',
    startedBy: 'me',
  },
  ...{ createdAt: '2026-01-01T00:00:00.000Z', startedAt: '2026-01-01T00:00:01.000Z', finishedAt: null },
  nodes: { ...noCounts(), total: 4, pending: 4 },
  batches: { total: 2, done: 0 },
  rollout: DEFAULT_ROLLOUT,
  temporal: { workflowId: 'web-1', runId: null, url: null },
};

const step = (no: number, status: NodeStatus, nth = 1, reason = ''): TaskEventBody => ({
  ...{ kind: 'step', no, node: `n${no}`, step: 'start', try: nth, status, reason },
});
const node = (no: number, status: NodeStatus, reason = ''): TaskEventBody => ({
  ...{ kind: 'node', no, node: `n${no}`, status, reason },
});

describe('plain lines', () => {
  function told(from: 'beginning' | 'now', ...events: (TaskEventBody | 'live')[]): string {
    const lines: string[] = [];
    const display = new LinesDisplay(TASK, (line) => lines.push(line), from);
    for (const event of events)
      if (event === 'live') display.live();
      else display.event({ seq: '1', at: '2026-01-01T00:00:00.000Z', event });
    return lines.join('\n').replaceAll(/^\d\d:\d\d:\d\d /gm, '');
  }

  it('tell each change once', () => {
    const running: TaskEventBody = { kind: 'task', status: 'running', reason: '' };
    const text = told(
      'beginning',
      ...[running, running],
      { kind: 'batch', batch: 1, nodes: 2, state: 'started' },
      ...[step(0, 'running'), node(0, 'running'), step(0, 'ok'), node(0, 'ok')],
      ...[
        step(1, 'running'),
        node(1, 'running'),
        step(1, 'failed', 1, 'exit code 3'),
        step(1, 'running', 2),
        step(1, 'failed', 2, 'exit code 4'),
      ],
      node(1, 'failed', 'start: exit code 4'),
      { kind: 'batch', batch: 1, nodes: 2, state: 'finished' },
    );
    expect(text.split('\n')).toEqual([
      'running',
      'batch 1 begins: 2 nodes',
      'n0: start ok',
      'n0: ok',
      'n1: start failed: exit code 3',
      'n1: start begins again, try 2',
      'n1: start failed, try 2: exit code 4',
      'batch 1 is done (4 nodes: 2 pending, 1 ok, 1 failed)',
    ]);
  });

  it('say why a task is paused after failures, and what one can type', () => {
    const text = told('beginning', node(1, 'failed', 'start: no'), {
      kind: 'task',
      status: 'paused',
      reason: 'failure budget spent: 1 of 4',
    });
    expect(text).toContain('paused: failure budget spent: 1 of 4\n');
    for (const command of [
      'drover retry web-1',
      'drover skip --node NODE web-1',
      'drover resume web-1',
      'drover stop web-1',
    ])
      expect(text).toContain(command);
  });

  it('of a task that runs already begin with where it stands', () => {
    const text = told('now', { kind: 'task', status: 'running', reason: '' }, node(0, 'ok'), 'live', node(1, 'ok'));
    expect(text.split('\n')).toEqual(['running (4 nodes: 3 pending, 1 ok)', 'n1: ok']);
  });
});

describe('the live display', () => {
  const frame = { width: 60, height: 12, elapsed: 65_000, now: 10_000, paint: (_: unknown, text: string) => text };

  it('shows the task on top, what runs, and what failed with its reason', () => {
    const progress = new Progress(TASK);
    for (const event of [step(0, 'running', 2), node(0, 'running'), node(1, 'failed', 'start: exit code 3')])
      progress.apply(event, 5000);
    progress.apply({ kind: 'batch', batch: 1, nodes: 2, state: 'started' }, 5000);
    progress.apply({ kind: 'task', status: 'running', reason: '' }, 5000);
    const lines = picture(progress, frame);
    expect(lines[0]).toBe('web-1  running  batch 1 of 4  1 m 05 s');
    expect(lines[1]).toContain('2 pending  1 running  1 failed');
    expect(lines).toContain('  n0  start (try 2)  5 s');
    expect(lines).toContain('  n1  failed: start: exit code 3');
  });

  it('is never higher nor wider than the terminal', () => {
    const progress = new Progress({ ...TASK, nodes: { ...noCounts(), total: 2000, pending: 2000 } });
    for (let no = 0; no < 1000; no++) progress.apply(step(no, 'running'), 0);
    for (let no = 1000; no < 2000; no++) progress.apply(node(no, 'failed', 'long '.repeat(50)), 0);
    const lines = picture(progress, frame);
    expect(lines.length).toBeLessThan(frame.height);
    expect(Math.max(...lines.slice(2).map((line) => line.length))).toBeLessThanOrEqual(frame.width);
    expect(lines.join('\n')).toMatch(/… \d+ more running[^]*… \d+ more failed/);
  });
});

it('the summary has counts, the failed nodes with their reasons, and what to type next', () => {
  const failed: NodeView = {
    ...{ no: 2, name: 'web-03', address: 'h', batch: 1, status: 'failed', reason: 'start: exit code 3', steps: [] },
  };
  const task: TaskView = {
    ...TASK,
    status: 'failed',
    finishedAt: '2026-01-01T00:00:43.000Z',
    nodes: { ...noCounts(), total: 4, ok: 3, failed: 1 },
  };
  const text = summaryText(task, { items: [failed], page: 1, page_size: 10, total: 12 });
  expect(text).toContain('web-1: failed after 42 s, 4 nodes: 3 ok, 1 failed');
  expect(text).toContain('  web-03  failed: start: exit code 3\n  … and 11 more');
  expect(text).toContain('drover logs web-1 --node web-03');
  expect(text).toContain('drover retry web-1');
});

it('server-sent events are read across any cuts', async () => {
  const bytes = Buffer.from(': live\n\nid: 7.1\ndata: {"a":"ä"}\n\nevent: end\ndata: one\ndata: \ndata: two: x\n\n');
  for (const size of [1, 7, bytes.length]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    );
    const read = [];
    for await (const message of readEvents(each(pieces))) read.push(message);
    expect(read).toEqual([
      { comment: 'live' },
      { id: '7.1', data: '{"a":"ä"}' },
      { event: 'end', data: 'one\n\ntwo: x' },
    ]);
  }
});

async function* each(pieces: Buffer[]): AsyncGenerator<Buffer> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}
