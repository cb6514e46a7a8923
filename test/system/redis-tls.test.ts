import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plugin } from '../../plugins/endpoint-redis/index.ts';
import { Message } from '../../src/core/message.ts';
import { type Certificate, hasOpenssl, makeCertificate } from '../certificate.ts';
import { mount } from '../endpoint-bench.ts';
import { freePort } from '../servers/free-port.ts';
import { type RedisServer, startRedis } from '../servers/redis.ts';
import { describeWith } from '../servers/requires.ts';

describe.skipIf(!hasOpenssl)('with a certificate', () => {
  describeWith(['redis-server'], 'endpoint-redis › rediss://', () => {
    let redis: RedisServer;
    let certificate: Certificate;
    let url: string;
    beforeAll(async () => {
      certificate = makeCertificate();
      const port = await freePort();
      url = `rediss://127.0.0.1:${port}`;
      const { cert, key } = certificate;
      redis = await startRedis({
        appendfsync: 'no',
        config: {
          'tls-port': String(port),
          'tls-cert-file': cert,
          'tls-key-file': key,
          'tls-ca-cert-file': cert,
          'tls-auth-clients': 'optional',
        },
      });
    });
    afterAll(async () => {
      await redis?.stop();
      certificate?.[Symbol.dispose]();
    });

    it('connects to a Redis whose certificate it is told to trust, and carries messages', async () => {
      const { cert, key } = certificate;
      for (const tls of [{ ca: cert }, { ca: cert, cert, key }, { ca: cert, 'server-name': 'inside' }]) {
        await using it = await mount(plugin, { url, channel: 'news', tls });
        it.send(Message.of('hello'));
        await it.until(() => it.received.length === 1);
        expect(it.leg.delivered).toBe(1);
      }
    });

    it('does not connect to one that it does not trust, or that has another name', async () => {
      const { cert } = certificate;
      for (const tls of [{}, { ca: cert, 'server-name': 'outside' }]) {
        await using it = await mount(plugin, { url, channel: 'news', tls });
        await it.until(() => it.endpoint.lastError !== undefined);
        expect(it.endpoint.lastError?.code).toBe('connect-failed');
        expect(it.endpoint.lastError?.message).toMatch(/certificate|altnames/);
      }
    });

    it('names the file that it cannot read', async () => {
      await using it = await mount(plugin, { url, channel: 'news', tls: { ca: '/nowhere/ca.pem' } });
      await it.until(() => it.endpoint.lastError !== undefined);
      expect(it.endpoint.lastError?.message).toContain('tls.ca');
      expect(it.endpoint.lastError?.message).toContain('/nowhere/ca.pem');
    });
  });
});
