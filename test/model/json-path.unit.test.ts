import { describe, expect, it } from 'vitest';
import { entriesAt, idAt, parsePath, textAt, textsAt, valuesAt } from '../../model/json-path.ts';

const REPLY = {
  data: {
    items: [
      { id: 1, tags: ['a', 'b'] },
      { id: 'x', tags: [] },
    ],
    none: null,
    'a.b': [[7]],
  },
};

describe('a path', () => {
  it.each([
    ['data.items[0].id', [1]],
    ['data.items[*].id', [1, 'x']],
    ['data.items[*].tags[*]', ['a', 'b']],
    ['data["a.b"][0][0]', [7]],
    ['data.none', [null]],
    ['data.none[*]', []],
    ['data.more?', []],
    ['data.more?.deeper', []],
    ['data.items[5]?', []],
    ['', [REPLY]],
  ])('%s leads to %j', (path, values) => {
    expect(valuesAt(REPLY, path)).toEqual(values);
  });

  it.each([
    ['data.more', 'data.more is missing'],
    ['data.items[2].id', 'data.items[2] is missing'],
    ['data.items[*].name', 'data.items[*].name is missing'],
    ['data[*]', 'data is no list'],
    ['[*]', 'the whole is no list'],
    ['data.toString', 'data.toString is missing'],
    ['data..x', '"data..x" is no path'],
  ])('%s leads nowhere: %s', (path, message) => {
    expect(() => valuesAt(REPLY, path)).toThrow(message);
  });

  it.each(['.a', 'a..b', 'a.', 'a[', 'a[x]', 'a b', 'a[*]b', '?'])('is not %j', (path) => {
    expect(parsePath(path)).toBeUndefined();
  });
});

describe('what is read at a path', () => {
  it('is the entries of a list, with and without a star, and none of null', () => {
    expect(entriesAt(REPLY, 'data.items')).toEqual(entriesAt(REPLY, 'data.items[*]'));
    expect(entriesAt(REPLY, 'data.none')).toEqual([]);
  });

  it('is text where text is wanted', () => {
    expect(textsAt(REPLY, 'data.items[*].id')).toEqual(['1', 'x']);
    expect(() => textsAt(REPLY, 'data.items')).toThrow('data.items is no text');
    expect(textAt(REPLY, 'data.none')).toBeUndefined();
    expect(() => textAt(REPLY, 'data.items[*].id')).toThrow('more than one text');
    expect(() => idAt(REPLY, 'data.none')).toThrow('data.none is empty');
  });
});
