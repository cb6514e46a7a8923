// The command as a user types it: what it prints, and the exit code that comes out.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectTo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../servers/free-port.ts';
import { araldo, portOf, type Run } from './support/command.ts';
import { connect } from './support/peer.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'araldo-command-'));
});
afterAll(() => rm(folder, { recursive: true }));

function run(...args: readonly string[]): Run {
  return araldo(folder, ...args);
}

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return name;
}

const valid = `
server-port: 0
plugins:
  - { name: source, id: endpoint-mock, every: 1ms, messages: [{ expression: n }] }
  - { name: numbers, id: endpoint-websocket, path: /numbers }
  - { name: json, id: marshal-json }
routes:
  source: [numbers]
`;

describe('araldo', () => {
  test('check says that a file is valid, and nothing is started', async () => {
    const it = run('check', '-c', await file('valid.yaml', valid));
    expect(await it.code).toBe(0);
    expect(it.out.stdout).toBe('valid.yaml is valid: 2 endpoints, 1 route\n');
  });

  test('check and run refuse an invalid file with 78, every problem, its place and a suggestion', async () => {
    await file(
      'invalid.yaml',
      valid.replace('endpoint-mock', 'endpoint-mok').replace('[numbers]', '[nubmers]'),
    );
    for (const args of [['check'], []]) {
      const it = run(...args, '-c', 'invalid.yaml');
      expect(await it.code).toBe(78);
      expect(it.out.stderr).toContain('invalid.yaml:4:');
      expect(it.out.stderr).toContain('endpoint-mock');
      expect(it.out.stderr).toContain('invalid.yaml:8:');
      expect(it.out.stderr).toContain('numbers');
      expect(it.out.stderr).not.toContain('listening');
    }
  });

  test('a file that is not there is a configuration problem, in one sentence', async () => {
    const it = run('-c', 'missing.yaml');
    expect(await it.code).toBe(78);
    expect(it.out.stderr).toContain('missing.yaml');
  });

  test('print gives a file that means the same', async () => {
    const printed = run('print', '-c', await file('valid.yaml', valid));
    expect(await printed.code).toBe(0);
    const again = run('print', '-c', await file('printed.yaml', printed.out.stdout));
    expect(await again.code).toBe(0);
    expect(again.out.stdout).toBe(printed.out.stdout);
  });

  test('graph prints mermaid and dot', async () => {
    await file('valid.yaml', valid);
    const mermaid = run('graph', '-c', 'valid.yaml');
    expect(await mermaid.code).toBe(0);
    expect(mermaid.out.stdout).toMatch(/^(flowchart|graph) LR/);
    const dot = run('graph', '-c', 'valid.yaml', '--format', 'dot');
    expect(await dot.code).toBe(0);
    expect(dot.out.stdout).toMatch(/^digraph/);
  });

  test('explain says what routes promise, for people and programs; an unknown route is 2', async () => {
    await file('valid.yaml', valid);
    const text = run('explain', '-c', 'valid.yaml');
    expect(await text.code).toBe(0);
    expect(text.out.stdout).toContain('source → numbers: at most once, in order');
    const json = run('explain', 'source', '-c', 'valid.yaml', '--format', 'json');
    expect(await json.code).toBe(0);
    expect(JSON.parse(json.out.stdout)).toMatchObject([
      { name: 'source', guarantees: [{ sink: 'numbers', delivery: 'at-most-once' }] },
    ]);
    const unknown = run('explain', 'sourc', '-c', 'valid.yaml');
    expect(await unknown.code).toBe(2);
    expect(unknown.out.stderr).toContain('did you mean source?');
  });

  test('help and version come with 0, a wrong word with 2', async () => {
    const help = run('--help');
    expect(await help.code).toBe(0);
    expect(help.out.stdout).toContain('check');
    const version = run('--version');
    expect(await version.code).toBe(0);
    expect(version.out.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await run('chekc').code).toBe(2);
    expect(await run('graph', '--format', 'png').code).toBe(2);
  });

  test('a port in use is one sentence and 1', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const number = typeof address === 'object' && address !== null ? address.port : 0;
    const it = run('-c', await file('taken.yaml', valid.replace('server-port: 0', `server-port: ${number}`)));
    expect(await it.code).toBe(1);
    expect(it.out.stderr.trim().split('\n')).toHaveLength(1);
    expect(it.out.stderr).toContain(String(number));
    taken.close();
  });

  test('SIGTERM under load ends with 0: peers have all that was sent and are told goodbye', async () => {
    const it = run('-c', await file('valid.yaml', valid));
    using peer = await connect(await portOf(it), '/numbers');
    await peer.has(100);
    it.child.kill('SIGTERM');
    expect(await it.code).toBe(0);
    expect(await peer.closed).toBe(1001);
    const numbers = peer.received.map(Number);
    const first = numbers[0] ?? 0;
    expect(numbers).toEqual(numbers.map((_, place) => first + place));
    for (const line of it.out.stderr.trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
  });

  test('SIGTERM as soon as the port is open ends with 0 too', async () => {
    const port = await freePort();
    const it = run('-c', await file('early.yaml', valid.replace('server-port: 0', `server-port: ${port}`)));
    while (!(await isListening(port))) await sleep(1);
    it.child.kill('SIGTERM');
    expect(await it.code).toBe(0);
  });

  test('Ctrl-C sent twice at once, as npm does, is one request', async () => {
    const it = run('-c', await file('valid.yaml', valid));
    await portOf(it);
    it.child.kill('SIGINT');
    it.child.kill('SIGINT');
    expect(await it.code).toBe(0);
  });
});

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTo({ host: '127.0.0.1', port });
    socket.on('connect', () => {
      socket.resetAndDestroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
