import { describe, expect, it } from 'vitest';
import plugin from '../../../plugins/endpoint-mqtt/index.ts';
import { parseTarget } from '../../../plugins/endpoint-mqtt/target.ts';
import { optionsOf } from '../options-of.ts';

const { problems, capabilities } = optionsOf(plugin);

describe('endpoint-mqtt › options', () => {
  it('need a subscription or a topic to publish on', async () => {
    expect(await problems({})).toEqual([': expected at least one of subscribe, publish and topic-from']);
    expect(await problems({ publish: 'a' })).toEqual([]);
    expect(await problems({ subscribe: ['a', 'b/+', '$share/g/c/#'] })).toEqual([]);
    expect(await problems({ 'topic-from': '"a/" + payload.id', topics: 'a/+' })).toEqual([]);
  });

  it('name a topic by an expression only with the topics it may give', async () => {
    expect(await problems({ 'topic-from': 'payload.topic' })).toEqual([
      'topics: expected topic-from and topics together',
    ]);
    expect(await problems({ publish: 'a', 'topic-from': 'payload.topic', topics: '#' })).toHaveLength(1);
  });

  it.each(['', 'a+', 'a/#/b', 'a#', '$share/g', '$share//a', '$share/a+/b', 'a\u0000b'])(
    'take no %j for a topic filter',
    async (subscribe) => {
      expect(await problems({ subscribe })).toHaveLength(1);
    },
  );

  it.each(['', 'a/+', '#', 'a\u0007'])('take no %j for a topic to publish on', async (publish) => {
    expect(await problems({ publish })).toHaveLength(1);
  });

  it('take what MQTT 3.1.1 does not have with version 5 only', async () => {
    const old = { version: '3.1.1', subscribe: 'a', publish: 'b' };
    expect(await problems(old)).toEqual([]);
    expect(await problems({ ...old, retained: 'never' })).toHaveLength(1);
    expect(await problems({ ...old, 'message-expiry': '1h' })).toHaveLength(1);
    expect(await problems({ ...old, version: 4 })).toHaveLength(1);
  });

  it('take tls beside mqtts:// only', async () => {
    expect(await problems({ publish: 'a', url: 'mqtts://h', tls: { ca: 'ca.pem' } })).toEqual([]);
    expect(await problems({ publish: 'a', tls: { ca: 'ca.pem' } })).toEqual([
      'tls: expected a url that begins with mqtts:// beside tls',
    ]);
  });

  it('never repeat a URL that is wrong: it may hold a password', async () => {
    const wrong = [
      'http://u:hunter22@h',
      'mqtt://u:hunter22@h/topic',
      'mqtt://:hunter22@h',
      'mqtt://u:hunter22%@h',
    ];
    for (const url of wrong) {
      const [found, ...others] = await problems({ publish: 'a', url });
      expect(others).toEqual([]);
      expect(found).toMatch(/^url: expected /);
      expect(found).not.toContain('hunter22');
    }
  });

  it('have a URL whose address is without the password', () => {
    expect(parseTarget('mqtts://user:p%40ss@Host')).toEqual({
      host: 'host',
      port: 8883,
      isTls: true,
      username: 'user',
      password: 'p@ss',
      address: 'mqtts://host:8883',
    });
  });
});

describe('endpoint-mqtt › capabilities', () => {
  it('are those of acknowledged messages, unless its QoS is 0 or its session ends with the connection', async () => {
    const { source, sink } = await capabilities({ subscribe: 'a', publish: 'b' });
    expect(source).toMatchObject({ canPause: true, acks: true, redelivers: true, scope: 'copy' });
    expect(sink).toMatchObject({ confirms: 'accepted' });
    const brief = await capabilities({ subscribe: 'a', 'session-expiry': '0s' });
    expect(brief.source).toMatchObject({ canPause: true, acks: false, redelivers: false });
    const least = await capabilities({ subscribe: 'a', publish: 'b', qos: 0 });
    expect(least.source).toMatchObject({ canPause: false, acks: false, redelivers: false });
    expect(least.sink).toMatchObject({ confirms: 'flushed' });
  });

  it('say that each message comes once, where all of it is shared', async () => {
    const scopeOf = async (written: object) => (await capabilities(written)).source?.scope;
    expect(await scopeOf({ subscribe: ['a', 'b'], share: 'g' })).toBe('once');
    expect(await scopeOf({ subscribe: ['$share/g/a', 'b'] })).toBe('copy');
  });

  it('show which topics it reads back', async () => {
    const { readsFrom, readsMatching, writesTo } = await capabilities({
      subscribe: '$share/g/plant/+/#',
      publish: 'plant/1/alarm',
    });
    expect(readsFrom).toEqual(['mqtt://127.0.0.1:1883/plant/+/#']);
    expect(writesTo).toEqual(['mqtt://127.0.0.1:1883/plant/1/alarm']);
    expect(readsMatching?.some((pattern) => pattern.test(writesTo?.[0] ?? ''))).toBe(true);
  });
});
