import { afterAll, beforeAll, expect, it } from 'vitest';
import { plugin } from '../../plugins/endpoint-mqtt/index.ts';
import { Message } from '../../src/core/message.ts';
import { type Mounted, type MountOptions, mount } from '../endpoint-bench.ts';
import { type MosquittoServer, startMosquitto } from '../servers/mosquitto.ts';
import { describeWith } from '../servers/requires.ts';

const text = (message: Message): string => Buffer.from(message.payload as Uint8Array).toString();

describeWith(['mosquitto'], 'endpoint-mqtt', () => {
  let broker: MosquittoServer;
  beforeAll(async () => {
    broker = await startMosquitto({ config: { autosave_on_changes: 'false', autosave_interval: '60' } });
  });
  afterAll(() => broker?.stop());

  /** An endpoint on this broker, open. */
  async function open(options: object, more?: MountOptions): Promise<Mounted> {
    const it = await mount(plugin, { url: broker.url, ...options }, more);
    await it.until(() => it.endpoint.state === 'open');
    return it;
  }

  it.each(
    ([5, '3.1.1'] as const).flatMap((version) => ([0, 1, 2] as const).map((qos) => [version, qos] as const)),
  )('gives back on a topic what it sends, once and in order: MQTT %s, QoS %d', async (version, qos) => {
    const topic = `news/${version}/${qos}`;
    await using it = await open({ version, qos, subscribe: topic, publish: topic });
    for (let n = 0; n < 1_000; n += 1) it.send(Message.of(`message ${n}`));
    await it.until(() => it.received.length >= 1_000 && it.leg.held === 0);
    expect(it.received.map(text)).toEqual(Array.from({ length: 1_000 }, (_, n) => `message ${n}`));
    expect(it.leg.delivered).toBe(1_000);
    expect(it.received[0]?.meta).toMatchObject({ endpoint: 'it', lane: topic, topic, qos, retained: false });
  });
});
