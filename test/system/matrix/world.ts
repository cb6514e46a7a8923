// One araldo between one server of each system, with a route from every source to all sinks.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../servers/free-port.ts';
import { startKafka } from '../../servers/kafka.ts';
import { startMosquitto } from '../../servers/mosquitto.ts';
import { startNats } from '../../servers/nats.ts';
import { startRabbitmq } from '../../servers/rabbitmq.ts';
import { startRedis } from '../../servers/redis.ts';
import { amqpEnd } from './amqp-end.ts';
import type { Declaration, End } from './end.ts';
import { eventsEnd, httpEnd, websocketEnd } from './http-ends.ts';
import { kafkaEnd } from './kafka-end.ts';
import { fileEnd, stdioEnd } from './line-ends.ts';
import type { SystemName } from './mapping.ts';
import { mqttEnd } from './mqtt-end.ts';
import { jetstreamEnd, natsEnd } from './nats-ends.ts';
import { channelEnd, streamEnd } from './redis-ends.ts';
import { type Relay, startRelay } from './relay.ts';

type MoreSources = Readonly<Record<string, { source: Declaration; to: readonly SystemName[] }>>;

export interface WorldOptions {
  readonly hasKafka: boolean;
  /** The headers that the HTTP source lets in. */
  readonly acceptHeaders: readonly string[];
  /** More endpoints by their names, each of them a source of a route to `sinks`. */
  readonly more: (
    redisUrl: string,
  ) => Readonly<Record<string, { source: Declaration; to: readonly SystemName[] }>>;
}

/** Where the servers are, by the names that the documents give them. */
export interface Addresses {
  readonly AMQP: string;
  /** Of a broker; none where none can be started. */
  readonly KAFKA: string | undefined;
  readonly MQTT: string;
  readonly NATS: string;
  readonly REDIS: string;
}

export interface World extends AsyncDisposable {
  readonly ends: Readonly<Partial<Record<SystemName, End>>>;
  readonly relay: Relay;
  readonly addresses: Addresses;
  /** The file of dead letters. */
  readonly letters: string;
}

export async function startWorld({ hasKafka, acceptHeaders, more }: WorldOptions): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'araldo-matrix-'));
  const letters = join(folder, 'letters.ndjson');
  const kept: AsyncDisposable[] = [];
  const ends: Partial<Record<SystemName, End>> = {};
  let relay: Relay | undefined;
  const keep = async <Kept extends AsyncDisposable>(starting: Promise<Kept>): Promise<Kept> => {
    const one = await starting;
    kept.push(one);
    return one;
  };
  /** Clients first, then araldo, then the servers. */
  const stop = async (): Promise<void> => {
    await Promise.all(Object.values(ends).map((end) => end.close()));
    await relay?.[Symbol.asyncDispose]();
    await Promise.all(kept.map((one) => one[Symbol.asyncDispose]()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [redis, mosquitto, nats, rabbitmq, kafka, port] = await Promise.all([
      keep(startRedis()),
      keep(startMosquitto()),
      keep(startNats()),
      keep(startRabbitmq()),
      hasKafka ? keep(startKafka()) : undefined,
      freePort(),
    ]);
    Object.assign(ends, {
      websocket: websocketEnd(port),
      redis: channelEnd(redis.url),
      'redis-stream': streamEnd(redis.url),
      mqtt: mqttEnd(mosquitto.url),
      nats: natsEnd(nats.url),
      jetstream: jetstreamEnd(nats.url),
      amqp: amqpEnd(rabbitmq.url),
      ...(kafka !== undefined && { kafka: await kafkaEnd(kafka.broker) }),
      http: await httpEnd(port, acceptHeaders),
      stdio: stdioEnd(() => relay as Relay),
      file: fileEnd(folder),
      sse: eventsEnd(port),
    } satisfies typeof ends);
    relay = await startRelay(folder, port, configurationOf(ends, letters, more(redis.url)));
    await Promise.all(Object.values(ends).map((end) => end.open()));
    const addresses = {
      AMQP: rabbitmq.url,
      KAFKA: kafka?.broker,
      MQTT: mosquitto.url,
      NATS: nats.url,
      REDIS: redis.url,
    };
    return { ends, relay, addresses, letters, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function configurationOf(ends: World['ends'], letters: string, more: MoreSources): object {
  const all = Object.entries(ends);
  const sources = all.flatMap(([name, { source }]) =>
    source === undefined ? [] : [{ name: `${name}-in`, ...source }],
  );
  const sinks = all.map(([name, { sink }]) => ({ name: `${name}-out`, ...sink }));
  const others = Object.entries(more);
  const routeTo = (to: readonly string[]): object => ({ to, 'on-error': { 'dead-letter': 'letters' } });
  return {
    plugins: [
      { name: 'enveloped', id: 'marshal-json', envelope: true },
      { name: 'packed', id: 'marshal-msgpack', envelope: true },
      { name: 'letters', id: 'endpoint-file', path: letters, marshal: 'enveloped' },
      ...sources,
      ...sinks,
      ...others.map(([name, { source }]) => ({ name, ...source })),
    ],
    routes: Object.fromEntries([
      ...sources.map(({ name }) => [name, routeTo(sinks.map((sink) => sink.name))]),
      ...others.map(([name, { to }]) => [name, routeTo(to.map((sink) => `${sink}-out`))]),
    ]),
  };
}
