import { describe, expect, it } from 'vitest';
import { parseHostList, parseNodes, parseNodesText } from '../../model/parse/index.ts';
import { problems } from './parsing.ts';

describe('nodes', () => {
  it('are read from a file with defaults, those of the node first', () => {
    const text = `
defaults: { user: deploy, port: 22, identityFile: ~/.ssh/id_ed25519, labels: { zone: a, rack: 1 }, params: { weight: 5 } }
nodes:
  - { name: web-01, address: 192.0.2.11, labels: { zone: b }, params: { weight: 10 }, user: root }
  - web-02.example.net
  - ops@web-03:2222
`;
    const shared = {
      port: 22,
      identityFile: '~/.ssh/id_ed25519',
      params: { weight: '5' },
      labels: { zone: 'a', rack: '1' },
    };
    expect(parseNodesText(text, 'nodes.yaml')).toEqual([
      {
        ...shared,
        name: 'web-01',
        address: '192.0.2.11',
        user: 'root',
        labels: { zone: 'b', rack: '1' },
        params: { weight: '10' },
      },
      { ...shared, name: 'web-02.example.net', address: 'web-02.example.net', user: 'deploy' },
      { ...shared, name: 'web-03:2222', address: 'web-03', user: 'ops', port: 2222 },
    ]);
  });

  it('are the same when they are parsed again', () => {
    const nodes = parseNodes({
      defaults: { via: 'ops@bastion:22', hostKeys: 'first-use' },
      nodes: ['a', 'b:22', { address: 'c' }, '[2001:db8::1]:22'],
    });
    expect(parseNodes(nodes)).toEqual(nodes);
  });

  it('are a bare list, too, in YAML and from the command line', () => {
    const nodes = [
      { name: 'a', address: 'a' },
      { name: 'b', address: 'b' },
      { name: 'c:2222', address: 'c', port: 2222, user: 'user' },
    ];
    expect(parseNodesText('[a, b, "user@c:2222"]', 'nodes.yaml')).toEqual(nodes);
    expect(parseHostList('a, b,user@c:2222')).toEqual(nodes);
  });

  it.each([
    ['192.0.2.1', { name: '192.0.2.1', address: '192.0.2.1' }],
    ['web_1.example.net.', { name: 'web_1.example.net.', address: 'web_1.example.net.' }],
    ['2001:db8::1', { name: '2001:db8::1', address: '2001:db8::1' }],
    ['[2001:db8::1]', { name: '2001:db8::1', address: '2001:db8::1' }],
    ['root@[2001:db8::1]:2222', { name: '2001:db8::1:2222', address: '2001:db8::1', user: 'root', port: 2222 }],
    ['127.0.0.1:65535', { name: '127.0.0.1:65535', address: '127.0.0.1', port: 65_535 }],
  ])('%j is an address', (text, node) => {
    expect(parseNodes([text])).toEqual([node]);
    expect(parseNodes([{ name: node.name, address: node.address }])).toMatchObject([{ address: node.address }]);
  });

  it.each(['', ' ', 'a b', 'a:0', 'a:65536', 'a:x', '@a', 'a@@b', '-a', '-x@a', '[a]', '[::1', 'a/b', 'a:1:2x'])(
    '%j is none',
    (text) => {
      expect(problems(() => parseNodes([text])).join()).toBe(
        `[0]: is ${JSON.stringify(text)}, expected an address as host, host:port, user@host or [2001:db8::1]:22`,
      );
    },
  );

  it.each([
    [[], 'is empty, expected one node at least'],
    [{ nodes: [] }, 'nodes: is empty, expected one node at least'],
    [{}, 'nodes: is missing, expected a list'],
    ['a', 'is "a", expected an object'],
    [
      [{ name: 'a' }],
      '[0].address: is missing, expected the name or IP address of a host; port and user have keys of their own',
    ],
    [[{ address: 'a:22' }], '[0].address: is "a:22", expected the name or IP address of a host'],
    [[{ address: 'u@a' }], '[0].address: is "u@a", expected the name or IP address of a host'],
    [
      [{ name: 'a b', address: 'a' }],
      '[0].name: is "a b", expected 1-100 letters, digits or . _ - :, beginning with a letter or digit',
    ],
    [[{ name: 'x'.repeat(101), address: 'a' }], '[0].name: is "xxx'],
    [[{ address: 'fe80::1%eth0' }], '[0].name: is missing, expected 1-100 letters'],
    [[{ adress: 'a', address: 'a' }], '[0].adress: unknown key, expected "address"'],
    [[{ address: 'a', port: 70_000 }], '[0].port: is 70000, expected a port, 1 to 65535'],
    [[{ address: 'a', port: '22' }], '[0].port: is "22", expected a port'],
    [[{ address: 'a', user: 'a b' }], '[0].user: is "a b", expected a user\'s name'],
    [[{ address: 'a', via: 'a b' }], '[0].via: is "a b", expected an address as host, host:port'],
    [[{ address: 'a', hostKeys: 'none' }], '[0].hostKeys: is "none", expected strict or first-use'],
    [[{ address: 'a', params: { x: null } }], '[0].params.x: is empty (null), expected text'],
    [
      [{ address: 'a', params: { 'a b': '1' } }],
      '[0].params["a b"]: is no name to use here, expected 1-100 letters, digits, _ or -',
    ],
    [[{ address: 'a', params: { x: 'secret:' } }], '[0].params.x: names no secret, expected secret:NAME'],
    [{ defaults: { adress: 'x' }, nodes: ['a'] }, 'defaults.adress: unknown key'],
    [
      { nodes: ['a', 'b', 'a', { name: 'b', address: 'c' }] },
      'nodes[2]: "a" is the name of number 1 of the list already, expected each node once, by a name of its own\nnodes[3]: "b" is the name of number 2',
    ],
  ])('%j are refused', (nodes, message) => {
    expect(problems(() => parseNodes(nodes)).join('\n')).toContain(message);
  });

  it('with problems are refused with file and line', () => {
    expect(
      problems(() => parseNodesText('nodes:\n  - a\n  - { name: b, adress: x, address: y }\n  - a\n', 'nodes.yaml')),
    ).toEqual([
      'nodes.yaml:3: nodes[1].adress: unknown key, expected "address"',
      'nodes.yaml:4: nodes[2]: "a" is the name of number 1 of the list already, expected each node once, by a name of its own',
    ]);
    expect(problems(() => parseNodesText('- a\n- a b\n', 'nodes.yaml')).join()).toContain(
      'nodes.yaml:2: [1]: is "a b"',
    );
    expect(problems(() => parseNodesText('- a\n- {', 'nodes.yaml')).join()).toContain('nodes.yaml:2: no YAML or JSON');
  });

  it('from the command line are refused with what was written there', () => {
    expect(problems(() => parseHostList('a,,b'))).toEqual([
      '--nodes a,,b: is "", expected an address as host, host:port, user@host or [2001:db8::1]:22',
    ]);
  });
});
