import { describe, expect, it } from 'vitest';
import { masked } from '../../model/mask.ts';
import { random } from './random.ts';

/** What the mask lets through of the text, given in chunks. */
function shown(values: string[], ...chunks: (string | Buffer)[]): string {
  const mask = masked(values);
  const parts = chunks.map((chunk) => mask.push(Buffer.from(chunk)).bytes);
  return Buffer.concat([...parts, mask.end().bytes]).toString();
}

describe('a mask', () => {
  it('replaces each value, wherever it stands', () => {
    expect(shown(['hunter2', 'other'], 'a hunter2 b hunter2other c')).toBe('a *** b ****** c');
  });

  it('sees a value that comes in pieces', () => {
    const text = 'x hunter2 y';
    for (let at = 0; at <= text.length; at++)
      expect(shown(['hunter2'], text.slice(0, at), text.slice(at))).toBe('x *** y');
    expect(shown(['hunter2'], ...(text.match(/./g) ?? []))).toBe('x *** y');
  });

  it('takes the longer of two values, and what overlaps as one', () => {
    expect(shown(['pass', 'password'], 'my password, my pass')).toBe('my ***, my ***');
    expect(shown(['pass', 'password'], 'my passw', 'alk')).toBe('my ***walk');
    expect(shown(['abcdef', 'defghi'], 'abcdefghi')).toBe('***');
    expect(shown(['abcabc'], 'abcabcabcx')).toBe('***x');
  });

  it('replaces base64 of a value, as base64 writes it', () => {
    const value = 'correct horse battery staple, correct horse battery staple, correct horse battery';
    const encoded = Buffer.from(value).toString('base64');
    const line = Buffer.from(`${value}\n`).toString('base64');
    expect(shown([value], `Basic ${encoded}.`)).toBe('Basic ***.');
    expect(shown([value], `Basic ${encoded.replace(/=+$/, '')}.`)).toBe('Basic ***.');
    expect(shown([value], `${line.slice(0, 76)}\n${line.slice(76)}\n`)).toBe('***\n***\n');
  });

  it('replaces the lines of a value that has several, if they have 4 bytes', () => {
    expect(shown(['-----BEGIN\nabcdef\nab\n-----END\n'], '  -----BEGIN\r\n  abcdef\n  ab\n  -----END')).toBe(
      '  ***\r\n  ***\n  ab\n  ***',
    );
  });

  it('leaves values under 4 bytes alone', () => {
    expect(shown(['abc', ''], 'abc YWJj')).toBe('abc YWJj');
    expect(shown(['äö'], 'xäöx')).toBe('x***x');
  });

  it('passes every byte that is no secret', () => {
    const bytes = Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256));
    const mask = masked(['hunter2']);
    expect(Buffer.concat([mask.push(bytes).bytes, mask.end().bytes])).toEqual(bytes);
    expect(masked([]).push(bytes)).toEqual({ bytes, consumed: 512 });
  });

  it('holds back only what may be the beginning of a value, and tells how far it is', () => {
    const mask = masked(['hunter2']);
    const push = (text: string) => {
      const { bytes, consumed } = mask.push(Buffer.from(text));
      return [bytes.toString(), consumed];
    };
    expect(push('abc')).toEqual(['abc', 3]);
    expect(push('dhunt')).toEqual(['d', 4]);
    expect(push('er')).toEqual(['', 4]);
    expect(push('2x')).toEqual(['***x', 12]);
    expect(push('hu')).toEqual(['', 12]);
    expect(push('g')).toEqual(['hug', 15]);
    expect(push('hunter')).toEqual(['', 15]);
    expect(mask.end()).toEqual({ bytes: Buffer.from('hunter'), consumed: 21 });
  });

  it('can be started again at what it has consumed, at any chunking, with the same outcome', () => {
    const { below, pick } = random(11);
    for (let i = 0; i < 300; i++) {
      const values = ['aaaa', 'abab', 'babba', 'bbbbbb'].filter(() => below(2) === 0);
      const text = Array.from({ length: 40 }, () => pick(['a', 'b', 'c'])).join('');
      const whole = shown(values, text);
      const raw = Buffer.from(text);
      let mask = masked(values);
      let [out, from, at] = ['', 0, 0];
      while (at < raw.length) {
        const end = Math.min(raw.length, at + 1 + below(9));
        const { bytes, consumed } = mask.push(raw.subarray(at, end));
        out += bytes.toString();
        at = end;
        if (below(3) > 0) continue;
        // As after a crash: a new mask, from what was kept.
        from += consumed;
        at = from;
        mask = masked(values);
      }
      expect(out + mask.end().bytes.toString(), `${text} without ${values.join()}`).toBe(whole);
    }
  });

  it('keeps its memory bounded by a run that never ends', () => {
    const mask = masked(['aaaa']);
    const chunk = Buffer.alloc(65_536, 'a');
    let consumed = 0;
    for (let i = 1; i <= 20; i++) {
      ({ consumed } = mask.push(chunk));
      expect(i * chunk.length - consumed).toBeLessThan(200_000);
    }
  });
});
