import { describe, expect, it } from 'vitest';
import { difference } from '../../model/catalogue/difference.ts';
import { written } from '../../model/catalogue/written.ts';
import { parseDocument, parseDocumentsText } from '../../model/parse/documents.ts';

const YAML = `
kind: schedule
name: web-morning
desc: Before the customers come
pool: web
cron: "0  8 * * 1-5"
timezone: Asia/Shanghai
do: { expand: { to: 10 } }
params: { tag: 1.10 }
rollout: { batch: 20%, bake: 30s }
overlap: queue
catchUp: 10m
`;

describe('a schedule', () => {
  it('is read from YAML, and written as it would be there', () => {
    const [{ document } = { document: undefined }] = parseDocumentsText(YAML, 'web.yaml');
    expect(document).toEqual({
      ...{ kind: 'schedule', name: 'web-morning', desc: 'Before the customers come', pool: 'web' },
      ...{ cron: '0 8 * * 1-5', timezone: 'Asia/Shanghai', do: { expand: { to: 10 } }, params: { tag: '1.10' } },
      ...{ rollout: { batch: '20%', bake: 30_000 }, overlap: 'queue', catchUp: 600_000 },
    });
    const text = document && written(document);
    expect(text).toMatchObject({ rollout: { batch: '20%', bake: '30s' }, catchUp: '10m' });
    expect(parseDocument(text)).toEqual(document);
    expect(parseDocument(document)).toEqual(document);
  });

  it('is the same with what goes without saying', () => {
    const least = { kind: 'schedule', name: 'w', pool: 'p', cron: '@daily', do: { deploy: {} } };
    const said = { ...least, timezone: 'UTC', overlap: 'skip', catchUp: '1m', desc: '', params: {}, rollout: {} };
    expect(written(parseDocument(said))).toEqual(least);
    expect(difference([parseDocument(least)], [parseDocument(said)], { prune: false })).toEqual([]);
  });

  it('may have its parameters with the deployment', () => {
    const document = { kind: 'schedule', name: 'w', pool: 'p', cron: '@daily' };
    const deploy = parseDocument({ ...document, do: { deploy: { params: { tag: '7' }, nodes: ['a'] } } });
    expect(deploy).toEqual({ ...document, do: { deploy: { nodes: ['a'] } }, params: { tag: '7' } });
  });

  it('is refused with the line of what is wrong', () => {
    const wrong = YAML.replace('0  8', '0 25').replace('Asia/Shanghai', 'Shanghai').replace('queue', 'never');
    expect(() => parseDocumentsText(wrong, 'web.yaml')).toThrow(
      [
        'web.yaml:6: cron: hour has "25", expected 0 to 23; *, ranges (a-b), steps (*/n, a-b/n) and lists (a,b)',
        'web.yaml:7: timezone: is "Shanghai", expected a time zone of the IANA database, as Europe/Berlin, Asia/Shanghai or UTC',
        'web.yaml:11: overlap: is "never", expected skip or queue or allow',
      ].join('\n'),
    );
  });
});
