import { describe, expect, it } from 'vitest';
import { ContactLost } from '../../remote/errors.ts';
import { AnswerParser, type Part } from '../../remote/node/answer.ts';
import { encodeScript, nodeJobId, verbs } from '../../remote/node/verbs.ts';

function parse(chunks: Iterable<Buffer>): string[] {
  const parser = new AnswerParser('n');
  const said: string[] = [];
  for (const chunk of chunks) {
    parser.push(chunk);
    for (let part = parser.next(); part; part = parser.next()) said.push(spell(part));
  }
  return said;
}

function spell(part: Part): string {
  return part.kind === 'mark'
    ? [part.name, ...part.words].join(' ')
    : `${part.stream}@${part.offset}:${part.bytes.toString()}`;
}

describe('an answer', () => {
  const text = Buffer.from('noise @@x\n@@n B token\n@@n o 0 5\n@@n X@@n e 7 2\nab@@n X i 0 5 2 ok\n');

  it('is told from noise before it, and output that looks like one', () => {
    expect(parse([text])).toEqual(['B token', 'out@0:@@n X', 'err@7:ab', 'X i 0 5 2 ok']);
  });

  it('may come byte by byte', () => {
    const said = parse([...text].map((byte) => Buffer.from([byte])));
    expect(said.join(' ')).toBe('B token out@0:@ out@1:@ out@2:n out@3:  out@4:X err@7:a err@8:b X i 0 5 2 ok');
  });

  it('that is out of step is not believed', () => {
    expect(() => parse([Buffer.from('@@n S x\n12345678@@n X i 0 0 0 ok\n')])).toThrow(ContactLost);
  });

  it('keeps what a login shell said before it', () => {
    const parser = new AnswerParser('n');
    parser.push(Buffer.from('This account is not available.\n'));
    expect(parser.next()).toBeUndefined();
    expect(parser.noise).toBe('This account is not available.');
  });
});

describe('a script on the way', () => {
  it('is printable ASCII on one line', () => {
    expect(encodeScript(' a\n\t\\é ')).toBe('\\0040a\\0012\\0011\\0134\\0303\\0251\\0040');
    expect(encodeScript("it's $HOME `x` !")).toBe("it's $HOME `x` !");
  });

  it('cannot hold a NUL byte', () => {
    expect(() => encodeScript('a\0b')).toThrow(/NUL/);
  });
});

describe('a job id', () => {
  it('of any name is one that nodes take, and another for another name', () => {
    for (const name of ['', '../..', `task é/node/../step -- ${'x'.repeat(300)}`, '-x', 'a b']) {
      expect(nodeJobId(name)).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]{0,119}$/);
    }
    expect(nodeJobId('a/b')).not.toBe(nodeJobId('a-b'));
  });
});

describe('a job', () => {
  it('has its time limit rounded up to whole seconds', () => {
    const line = verbs.job({ id: 'i', token: 't', limit: 0.2, from: { out: 3, err: 4 }, script: 'true' });
    expect(line).toBe('job i t 1 3 4 true\n');
  });
});
