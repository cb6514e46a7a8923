import { describe, expect, it } from 'vitest';
import { createHostCheck } from '../../src/http/host-check.ts';
import { exchange, get, serve, statuses, upgrade } from './serve.ts';

const check = createHostCheck({ host: '127.0.0.1', hosts: ['relay.test', 'exact.test:8080'] });

describe('host check, on loopback', () => {
  it.each([
    'localhost',
    'localhost:8080',
    'LOCALHOST:1',
    '127.0.0.1',
    '127.0.0.1:65535',
    '[::1]',
    '[::1]:8080',
    'relay.test',
    'relay.test:443',
    'exact.test:8080',
  ])('admits %s', (host) => {
    expect(check(host)).toBeUndefined();
  });

  it.each([
    '',
    'evil.test',
    'evil.test:8080',
    'localhost.evil.test',
    'localhost:8080@evil.test',
    'sub.relay.test',
    'exact.test',
    'exact.test:8081',
    '127.0.0.2',
    '[::2]',
    '::1',
    'localhost:80:80',
  ])('refuses %j', (host) => {
    expect(check(host)?.status).toBe(421);
  });

  it('says what would admit the name', () => {
    expect(check('evil.test:8080')?.text).toContain('add to araldo.yaml: hosts: [evil.test]');
  });

  it('does not repeat what is no host name', () => {
    expect(check('<script>alert(1)</script>')?.text).not.toContain('script');
  });

  it('admits the address that the server listens on', () => {
    expect(createHostCheck({ host: '127.0.0.2', hosts: [] })('127.0.0.2:80')).toBeUndefined();
    expect(createHostCheck({ host: '::1', hosts: [] })('[::1]:80')).toBeUndefined();
  });
});

describe('host check', () => {
  it('admits any name where others can reach the server in any case', () => {
    expect(createHostCheck({ host: '0.0.0.0', hosts: [] })('relay.example')).toBeUndefined();
  });

  it('admits more names on a path that says so, and on no other', async () => {
    await using served = await serve();
    const { host } = served.server;
    for (const path of ['/ws', '/other']) {
      const options = path === '/ws' ? { hosts: ['relay.test'] } : {};
      host.onUpgrade(path, ({ socket }) => socket.end('HTTP/1.1 101 x\r\n\r\n'), options);
    }
    const ask = async (path: string, name: string): Promise<number[]> =>
      statuses(await exchange(served.port, upgrade(path).replace('Host: localhost', `Host: ${name}`)));
    expect(await ask('/ws', 'relay.test:80')).toEqual([101]);
    expect(await ask('/ws', 'evil.test')).toEqual([421]);
    expect(await ask('/other', 'relay.test')).toEqual([421]);
    expect(await ask('/nowhere', 'relay.test')).toEqual([421]);
    expect(await ask('/ws', 'localhost')).toEqual([101]);
    expect(statuses(await exchange(served.port, get('/ws', [], 'relay.test')))).toEqual([421]);
  });

  it('stands before requests and upgrades alike', async () => {
    await using served = await serve();
    served.server.host.onUpgrade('/ws', () => expect.unreachable());
    const evil = (text: string): string => text.replace('Host: localhost', 'Host: evil.test');
    expect(statuses(await exchange(served.port, get('/livez', [], 'evil.test')))).toEqual([421]);
    expect(statuses(await exchange(served.port, evil(upgrade('/ws'))))).toEqual([421]);
  });
});
