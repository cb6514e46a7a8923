// Reloads of a server of mock endpoints: what stays the same object, what changes, what is refused.

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MockEndpoint } from '../../plugins/endpoint-mock/index.ts';
import { serve, type TestServer, until } from '../system/support/server.ts';

const mock = (name: string, more: Record<string, unknown> = {}) => ({ name, id: 'endpoint-mock', ...more });
const plugins = ['a', 'b', 'c', 'd'].map((name) => mock(name));
const base = { 'server-port': 0, plugins };

describe('a reload', () => {
  let folder: string;
  let running: TestServer | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'araldo-reload-'));
  });
  afterEach(async () => {
    await running?.[Symbol.asyncDispose]();
    running = undefined;
    await rm(folder, { recursive: true });
  });

  const start = async (config: Record<string, unknown>): Promise<TestServer> => {
    running = await serve({ ...base, ...config });
    return running;
  };
  const at = ({ server }: TestServer, name: string): MockEndpoint => server.endpoint<MockEndpoint>(name);
  const payloads = (endpoint: MockEndpoint): unknown[] => endpoint.sent.map(({ payload }) => payload);

  it('to the same configuration changes nothing', async () => {
    const test = await start({ routes: { a: ['b'] } });
    const { endpoints } = test.server.status();
    const before = [at(test, 'a'), at(test, 'b')];
    at(test, 'a').emit(1);
    expect(await test.server.reload()).toMatchObject({
      result: 'unchanged',
      kept: 5,
      added: 0,
      changed: 0,
      gone: 0,
    });
    expect([at(test, 'a'), at(test, 'b')]).toEqual(before);
    expect(test.server.status().endpoints.map(({ since }) => since)).toEqual(
      endpoints.map(({ since }) => since),
    );
    at(test, 'a').emit(2);
    await until('both have come', () => at(test, 'b').sent.length === 2);
    expect(test.server.status().routes[0]).toMatchObject({ name: 'a', received: 2 });
  });

  it('adds, changes and ends routes, keeps the others, and says so in one line', async () => {
    const test = await start({ routes: { a: ['b'], b: ['c'], c: ['d'] } });
    const routes = { a: ['b'], b: { to: ['c'], via: [{ filter: 'payload > 1' }] }, d: ['a'] };
    const report = await test.server.reload({ ...base, routes });
    expect(report).toMatchObject({ result: 'applied' });
    expect(test.server.status().routes.map(({ name }) => name)).toEqual(['a', 'b', 'd']);
    expect(test.server.configuration.plan.routes).toHaveProperty('d');
    const line = test.log.find(({ msg }) => String(msg).startsWith('reloaded:'));
    expect(line?.['msg']).toBe(
      `reloaded: kept ${report.kept}, new ${report.added}, changed ${report.changed}, gone ${report.gone}`,
    );
    at(test, 'b').emit(1);
    at(test, 'b').emit(2);
    await until('one passes', () => at(test, 'c').sent.length > 0);
    expect(payloads(at(test, 'c'))).toEqual([2]);
  });

  it('goes on counting where a route has changed', async () => {
    const test = await start({ routes: { a: { to: ['b'], via: [{ filter: 'payload > 0' }] } } });
    at(test, 'a').emit(1);
    await until('it has come', () => at(test, 'b').sent.length === 1);
    await test.server.reload({ ...base, routes: { a: { to: [{ to: 'b', buffer: 7 }], via: [] } } });
    at(test, 'a').emit(2);
    await until('the second has come', () => at(test, 'b').sent.length === 2);
    const [route] = test.server.status().routes;
    expect(route).toMatchObject({ received: 2, forwarded: 2, failed: 0, held: 0 });
    await until('the leg before is gone', () => test.server.status().routes[0]?.legs[0]?.received === 2);
    expect(test.server.status().routes[0]?.legs[0]).toMatchObject({ delivered: 2, held: 0 });
  });

  it('keeps what waits in a leg that stays, and its order', async () => {
    const test = await start({ routes: { a: ['b'] } });
    at(test, 'b').stall();
    for (const n of [1, 2, 3]) at(test, 'a').emit(n);
    await test.server.reload({ ...base, routes: { a: { to: ['b'], via: [{ filter: 'payload > 0' }] } } });
    for (const n of [4, 5, 6]) at(test, 'a').emit(n);
    expect(test.server.status().routes[0]?.legs[0]).toMatchObject({ received: 6, held: 6 });
    at(test, 'b').proceed();
    await until('all have come', () => at(test, 'b').sent.length === 6);
    expect(payloads(at(test, 'b'))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('lets what is in the steps leave before what comes later', async () => {
    const test = await start({ routes: { a: { to: ['b'], via: [{ delay: '100ms' }] } } });
    for (const n of [1, 2, 3]) at(test, 'a').emit(n);
    await test.server.reload({ ...base, routes: { a: ['b'] } });
    for (const n of [4, 5]) at(test, 'a').emit(n);
    expect(at(test, 'b').sent).toEqual([]);
    await until('all have come', () => at(test, 'b').sent.length === 5);
    expect(payloads(at(test, 'b'))).toEqual([1, 2, 3, 4, 5]);
  });

  it('sends what a leg that is gone still has, while others go on', async () => {
    const test = await start({ routes: { a: ['b', 'c'] } });
    at(test, 'c').stall();
    at(test, 'a').emit(1);
    await test.server.reload({ ...base, routes: { a: ['b'] } });
    at(test, 'a').emit(2);
    await until('b has both', () => at(test, 'b').sent.length === 2);
    expect(at(test, 'c').sent).toEqual([]);
    at(test, 'c').proceed();
    await until('c has what was for it', () => at(test, 'c').sent.length === 1);
    await until('all is settled', () => at(test, 'a').inbound.isIdle);
    expect(at(test, 'a').inbound.acked).toBe(2);
  });

  it('replaces an endpoint whose options changed, and settles what the one before held', async () => {
    const test = await start({ routes: { a: ['b'] } });
    const before = at(test, 'a');
    before.emit(1);
    const changed = plugins.map((one) => (one.name === 'a' ? mock('a', { 'max-in-flight': 5 }) : one));
    await test.server.reload({ ...base, plugins: changed, routes: { a: ['b'] } });
    expect(at(test, 'a')).not.toBe(before);
    await until('the one before is closed', () => before.state === 'closed');
    await until('the new one is open', () => at(test, 'a').state === 'open');
    at(test, 'a').emit(2);
    await until('both have come', () => at(test, 'b').sent.length === 2);
    expect(before.inbound.acked).toBe(1);
  });

  it('changes nothing when something is wrong, and says it once', async () => {
    const test = await start({ routes: { a: ['b'] } });
    const before = test.server.configuration;
    await expect(test.server.reload({ ...base, routes: { a: ['nobody'] } })).rejects.toMatchObject({
      name: 'AraldoError',
      problems: [{ code: 'unknown-name' }],
    });
    expect(test.server.configuration).toBe(before);
    const told = test.log.filter(({ msg }) => String(msg).startsWith('not reloaded'));
    expect(told).toHaveLength(1);
    expect(test.server.status().reload).toMatchObject({ failed: 1, applied: 0, last: { result: 'failed' } });
    expect(await test.metric('araldo_reloads_total', { result: 'failed' })).toBe(1);
  });

  it('changes nothing when a part cannot be made', async () => {
    const file = join(folder, 'step.ts');
    await writeFile(file, stepThat("throw new Error('not today')"));
    const test = await start({ routes: { a: ['b'] } });
    const legs = at(test, 'b').outbound.legs.size;
    const routes = { a: { to: ['b'], via: [{ use: relative(file) }] } };
    await expect(test.server.reload({ ...base, routes })).rejects.toThrow('not today');
    expect(at(test, 'b').outbound.legs.size).toBe(legs);
    at(test, 'a').emit(1);
    await until('it has come', () => at(test, 'b').sent.length === 1);
  });

  it('does not change where the server listens', async () => {
    const test = await start({ routes: { a: ['b'] } });
    await expect(test.server.reload({ ...base, 'server-port': 1, routes: {} })).rejects.toMatchObject({
      code: 'needs-restart',
      message: expect.stringContaining('server-port changed, which needs a restart'),
    });
    expect(test.server.status().routes).toHaveLength(1);
  });

  it('loads an own file anew when it has changed, and only then', async () => {
    const file = join(folder, 'step.ts');
    await writeFile(file, stepThat("return () => 'one'"));
    const test = await start({ routes: { a: { to: ['b'], via: [{ use: relative(file) }] } } });
    expect(await test.server.reload()).toMatchObject({ result: 'unchanged' });
    await writeFile(`${file}.new`, stepThat("return () => 'two'"));
    await rename(`${file}.new`, file);
    expect(await test.server.reload()).toMatchObject({ result: 'applied', changed: 1 });
    at(test, 'a').emit(0);
    await until('it has come', () => at(test, 'b').sent.length === 1);
    expect(payloads(at(test, 'b'))).toEqual(['two']);
  });

  it('begins a route anew that stands still at a message', async () => {
    const file = join(folder, 'step.ts');
    await writeFile(file, stepThat("return () => { throw new Error('a mistake') }"));
    const route = { to: ['b'], via: [{ use: relative(file) }], 'on-error': 'hold' };
    const test = await start({ routes: { a: route } });
    at(test, 'a').emit(0);
    await until('it stands still', () => test.server.status().routes[0]?.heldByError === 1);
    await writeFile(file, stepThat("return () => 'mended'"));
    await test.server.reload();
    await until('it has come', () => at(test, 'b').sent.length === 1);
    expect(payloads(at(test, 'b'))).toEqual(['mended']);
    expect(test.server.status().routes[0]?.heldByError).toBe(0);
  });

  it('waits for the one before it, and is refused while the server stops', async () => {
    const test = await start({ routes: { a: ['b'] } });
    const both = await Promise.all([
      test.server.reload({ ...base, routes: { a: ['c'] } }),
      test.server.reload({ ...base, routes: { a: ['d'] } }),
    ]);
    expect(both.map(({ result }) => result)).toEqual(['applied', 'applied']);
    expect(test.server.status().routes[0]?.legs.map(({ sink }) => sink)).toEqual(['d']);
    const stopped = test.server.stop();
    await expect(test.server.reload()).rejects.toMatchObject({ code: 'reload-refused' });
    await stopped;
  });
});

/** Without imports: the hooks that give own files ours are for Node, and vitest loads these by itself. */
function stepThat(body: string): string {
  return `export default {
  kind: 'fn', name: 'own', summary: 'Of this test.',
  options: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } },
  create() { ${body}; },
};
`;
}

/** Paths in a configuration that is no file are relative to the current folder. */
function relative(file: string): string {
  return `./${'../'.repeat(process.cwd().split('/').length - 1)}${file.slice(1)}`;
}
