import { describe, expect, it } from 'vitest';
import { Lines } from '../../api/log/lines.ts';
import { LogText } from '../../api/log/text.ts';
import { fromEventId, isBefore, toEventId } from '../../api/log/position.ts';
import type { LogChunk } from '../../store/logs.ts';
import { TEMPLATE } from './served.ts';

describe('lines of a log', () => {
  it('are put together across chunks, and decoded across them', () => {
    const euro = Buffer.from('a€b\n');
    const lines = new Lines();
    expect(texts(lines.take(chunk(1, euro.subarray(0, 2))))).toEqual([]);
    expect(texts(lines.take(chunk(2, euro.subarray(2, 3))))).toEqual([]);
    expect(texts(lines.take(chunk(3, euro.subarray(3))))).toEqual(['a€b']);
  });

  it('of several nodes and streams do not mix', () => {
    const lines = new Lines();
    lines.take(chunk(1, 'one '));
    lines.take(chunk(2, 'two ', { no: 1, node: 'web-02' }));
    lines.take(chunk(3, 'error ', { stream: 'err' }));
    expect(lines.take(chunk(4, 'half\n'))).toMatchObject([{ node: 'web-01', stream: 'out', text: 'one half' }]);
    expect(lines.take(chunk(5, 'half\n', { no: 1, node: 'web-02' }))).toMatchObject([
      { node: 'web-02', text: 'two half' },
    ]);
    expect(lines.take(chunk(6, 'half\n', { stream: 'err' }))).toMatchObject([{ stream: 'err', text: 'error half' }]);
  });

  it('without an end come out when the node goes on to its next command', () => {
    const lines = new Lines();
    lines.take(chunk(1, 'no end'));
    expect(texts(lines.take(chunk(2, 'next\n', { step: 1, stepName: 'start' })))).toEqual(['no end', 'next']);
  });

  it('without an end come out when the step has ended, and not when an earlier one has', () => {
    const lines = new Lines();
    lines.take(chunk(1, 'no end', { try: 2 }));
    expect(lines.settle({ no: 0, step: 'pull', try: 1 })).toEqual([]);
    expect(texts(lines.settle({ no: 0, step: 'pull', try: 2 }))).toEqual(['no end']);
    expect(lines.settleAll()).toEqual([]);
  });

  it('that never end are broken, so that memory stays bounded', () => {
    const lines = new Lines();
    const long = 'x'.repeat(60_000);
    const taken = [1, 2, 3].flatMap((n) => lines.take(chunk(n, long)));
    expect(taken.every(({ text }) => text.length <= 65_536)).toBe(true);
    expect(texts([...taken, ...lines.settleAll()]).join('')).toBe(long.repeat(3));
    expect(taken.length).toBe(2);
  });

  it('may be any bytes', () => {
    const lines = new Lines();
    expect(texts(lines.take(chunk(1, Buffer.from([0xff, 0xfe, 0x0a]))))).toEqual(['\ufffd\ufffd']);
    expect(texts(lines.take(chunk(2, 'windows\r\n')))).toEqual(['windows']);
  });

  it('that are open tell where to read again to have them whole', () => {
    const lines = new Lines();
    lines.take(chunk(1, 'whole\n'));
    expect(lines.openSince()).toBeUndefined();
    lines.take(chunk(2, 'open', { no: 1, node: 'web-02' }));
    lines.take(chunk(3, 'open too'));
    expect(lines.openSince()).toBe('7.1');
    lines.take(chunk(4, ' and through\n', { no: 1, node: 'web-02' }));
    expect(lines.openSince()).toBe('7.2');
  });

  it('that are open begin at the chunk that has their first byte, also when that is half a character', () => {
    const lines = new Lines();
    lines.take(chunk(1, 'before\n'));
    lines.take(chunk(2, Buffer.from('€').subarray(0, 1)));
    expect(lines.openSince()).toBe('7.1');
  });
});

describe('a log as text', () => {
  const line = { node: 'web-01', step: 'pull', try: 1, action: 0, stream: 'out' as const, text: 'hello' };

  it('has each line after its node, unless one node is asked for', () => {
    expect(new LogText(TEMPLATE, { withNode: true }).lines([line])).toEqual(['web-01 | hello']);
    expect(new LogText(TEMPLATE, { withNode: false }).lines([line])).toEqual(['hello']);
  });

  it('has headings where a step had several actions or tries, each once', () => {
    const text = new LogText(TEMPLATE, { withNode: false });
    expect(text.lines([line, { ...line, try: 2 }, { ...line, try: 2 }])).toEqual([
      'hello',
      '-- pull, try 2 --',
      'hello',
      'hello',
    ]);
    expect(text.lines([{ ...line, step: 'start', action: 1 }])).toEqual([
      '-- start, action 2 of 2 (shell) --',
      'hello',
    ]);
  });
});

describe('a position in a log', () => {
  it('goes through an event id unchanged', () => {
    for (const position of [{ at: '7.12' }, { at: '7.12', openSince: '6.1' }])
      expect(fromEventId(toEventId(position))).toEqual(position);
    expect(() => fromEventId('nonsense')).toThrow('no position');
  });

  it('is ordered by numbers, not by text', () => {
    expect(isBefore('9.1', '10.1')).toBe(true);
    expect(isBefore('10.9', '10.10')).toBe(true);
    expect(isBefore('10.10', '10.10')).toBe(false);
  });
});

function chunk(seq: number, bytes: string | Buffer, other: Partial<LogChunk> = {}): LogChunk {
  return {
    cursor: `7.${seq}`,
    no: 0,
    node: 'web-01',
    step: 0,
    stepName: 'pull',
    try: 1,
    action: 0,
    stream: 'out',
    offset: 0,
    bytes: Buffer.from(bytes),
    at: new Date(0),
    ...other,
  };
}

function texts(lines: { text: string }[]): string[] {
  return lines.map(({ text }) => text);
}
