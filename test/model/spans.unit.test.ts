import { describe, expect, it } from 'vitest';
import { at, count, join, numbers, only, slices, type Span, take, without } from '../../model/spans.ts';
import { random } from './random.ts';

const span = (from: number, to: number, step = 0): Span => ({ from, to, step });

describe('spans', () => {
  it('count and list their nodes, both ends included', () => {
    expect(count([span(0, 9), span(20, 20)])).toBe(11);
    expect(numbers([span(3, 5), span(9, 9)])).toEqual([3, 4, 5, 9]);
    expect([count([]), numbers([])]).toEqual([0, []]);
  });

  it('are split after so many nodes', () => {
    const spans = [span(0, 4), span(10, 12, 1)];
    expect(take(spans, 3)).toEqual([[span(0, 2)], [span(3, 4), span(10, 12, 1)]]);
    expect(take(spans, 5)).toEqual([[span(0, 4)], [span(10, 12, 1)]]);
    expect(take(spans, 6)).toEqual([[span(0, 4), span(10, 10, 1)], [span(11, 12, 1)]]);
    expect(take(spans, 0)).toEqual([[], spans]);
    expect(take(spans, -1)).toEqual([[], spans]);
    expect(take(spans, 99)).toEqual([spans, []]);
  });

  it('are cut into so many pieces at most, of one size but for the last', () => {
    expect(slices([span(0, 9)], 4)).toEqual([[span(0, 2)], [span(3, 5)], [span(6, 8)], [span(9, 9)]]);
    expect(slices([span(0, 1), span(5, 6, 1)], 2)).toEqual([[span(0, 1)], [span(5, 6, 1)]]);
    expect(slices([span(0, 2)], 10)).toHaveLength(3);
    expect(slices([span(0, 2)], Infinity)).toHaveLength(3);
    expect(slices([], 4)).toEqual([]);
  });

  it('are joined with their neighbours at the same step', () => {
    expect(join([span(5, 6), span(0, 2), span(3, 4), span(7, 7, 1)])).toEqual([span(0, 6), span(7, 7, 1)]);
  });

  it('are joined where they overlap, so that no node is there twice', () => {
    expect(join([span(0, 5), span(3, 8), span(4, 4)])).toEqual([span(0, 8)]);
    expect(at(2, [3, 1, 3, 2])).toEqual([span(1, 3, 2)]);
  });

  it('lose some nodes, or keep some, each at its step', () => {
    const spans = [span(0, 4), span(5, 6, 1)];
    expect(without(spans, new Set([1, 5, 99]))).toEqual([span(0, 0), span(2, 4), span(6, 6, 1)]);
    expect(only(spans, new Set([1, 2, 5, 99]))).toEqual([span(1, 2), span(5, 5, 1)]);
  });

  it('are left as they were', () => {
    const spans = [span(3, 4), span(0, 2)];
    const before = structuredClone(spans);
    join(spans);
    take(spans, 1);
    slices(spans, 2);
    expect(spans).toEqual(before);
  });

  it('neither lose nor double a node, however they are cut', () => {
    const { below } = random(3);
    for (let i = 0; i < 200; i++) {
      const nos = Array.from({ length: 60 }, (_, no) => no).filter(() => below(3) > 0);
      const spans = join(nos.map((no) => span(no, no, below(2))));
      expect(numbers(spans)).toEqual(nos);
      expect(slices(spans, 1 + below(9)).flatMap(numbers)).toEqual(nos);
      const [taken, rest] = take(spans, below(70));
      expect([...numbers(taken), ...numbers(rest)]).toEqual(nos);
    }
  });
});
