// endpoint-mqtt over TLS, with passwords and certificates, against brokers that ask for them.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plugin } from '../../plugins/endpoint-mqtt/index.ts';
import { type Certificate, hasOpenssl, makeCertificate } from '../certificate.ts';
import { type Mounted, mount } from '../endpoint-bench.ts';
import { type MosquittoServer, startMosquitto } from '../servers/mosquitto.ts';
import { describeWith } from '../servers/requires.ts';
import { outcome } from './support/outcome.ts';

const quick = { autosave_on_changes: 'false', autosave_interval: '600' };

describe.skipIf(!hasOpenssl)('with certificates', () => {
  describeWith(['mosquitto'], 'endpoint-mqtt over TLS', () => {
    let authority: Certificate;
    let robot: Certificate;
    let stranger: Certificate;
    /** One that asks for a password, and one that asks for a certificate and takes its name for the user. */
    let open: MosquittoServer;
    let strict: MosquittoServer;
    beforeAll(async () => {
      authority = makeCertificate();
      robot = makeCertificate({ authority, name: 'robot' });
      stranger = makeCertificate();
      open = await startMosquitto({
        tls: authority,
        tlsConfig: { require_certificate: 'false' },
        users: { meter: 'right-password' },
        acl: ['user meter', 'topic readwrite plant/#'],
        config: quick,
      });
      strict = await startMosquitto({
        tls: authority,
        tlsConfig: { use_identity_as_username: 'true' },
        users: { meter: 'right-password' },
        acl: ['user robot', 'topic readwrite robots/#'],
        config: quick,
      });
    });
    afterAll(async () => {
      await Promise.all([open?.stop(), strict?.stop()]);
      for (const one of [authority, robot, stranger]) one?.[Symbol.dispose]();
    });

    const withPassword = (password = 'right-password'): string =>
      (open.tlsUrl as string).replace('//', `//meter:${password}@`);
    const mounted = async (options: object): Promise<Mounted> => {
      const it = await mount(plugin, options);
      await it.until(() => it.endpoint.state === 'open');
      return it;
    };

    it.each([5, '3.1.1'])('carries messages by password, with MQTT %s', async (version) => {
      const tls = { ca: authority.cert };
      const topic = `plant/${version}`;
      await using it = await mounted({ url: withPassword(), version, tls, subscribe: topic, publish: topic });
      expect(await outcome(it, 'hello')).toBe('ack');
      await it.until(() => it.received.length === 1);
    });

    it('is the user whose name is in its certificate', async () => {
      const { cert, key } = robot;
      const tls = { ca: authority.cert, cert, key, 'server-name': 'inside' };
      const topics = ['robots/1', 'plant/1'];
      await using it = await mounted({
        url: strict.tlsUrl,
        tls,
        subscribe: topics,
        'topic-from': 'meta.key',
        topics,
      });
      expect(await outcome(it, 'ours', { key: 'robots/1' })).toBe('ack');
      // Refused by its topic, so it fails alone.
      expect(await outcome(it, 'not ours', { key: 'plant/1' })).toMatchObject({ code: 'sink-rejected' });
      await it.until(() => it.received.length === 1);
      expect(it.endpoint.reconnects).toBe(0);
    });

    it.each([
      ['an unknown authority', () => ({ url: withPassword(), tls: {} }), /see tls\.ca/],
      [
        'another name',
        () => ({ url: withPassword(), tls: { ca: authority.cert, 'server-name': 'outside' } }),
        /see tls\.server-name/,
      ],
      [
        'no certificate of ours',
        () => ({ url: strict.tlsUrl, tls: { ca: authority.cert } }),
        /set tls\.cert and tls\.key/,
      ],
      [
        'a certificate of an unknown authority',
        () => ({
          url: strict.tlsUrl,
          tls: { ca: authority.cert, cert: stranger.cert, key: stranger.key },
        }),
        /does not (take|know).*tls\.cert/,
      ],
      [
        'a wrong password',
        () => ({ url: withPassword('tops3cret'), tls: { ca: authority.cert } }),
        /check the user and the password in url/,
      ],
    ])('says in one error what is wrong: %s', async (_what, options, says) => {
      await using it = await mount(plugin, { subscribe: 'plant/1', ...options() });
      await it.until(() => it.endpoint.lastError !== undefined);
      expect(it.endpoint.lastError?.code).toBe('connect-failed');
      expect(it.endpoint.lastError?.message).toMatch(says);
      expect(it.endpoint.lastError?.message).not.toContain('tops3cret');
    });
  });
});
