// The durable systems by name: what each needs to be there, and how it starts.

import { find, type Requirement } from '../../servers/find.ts';
import { lackOfBroker } from '../../servers/kafka/broker.ts';
import { amqpSystem } from './amqp.ts';
import { type DurableSystem, type SystemName, systemNames } from './durable-system.ts';
import { jetstreamSystem } from './jetstream.ts';
import { kafkaSystem } from './kafka.ts';
import { mqttSystem } from './mqtt.ts';
import { redisStreamSystem } from './redis-stream.ts';

export type Pair = readonly [source: SystemName, sink: SystemName];

const starts: Readonly<Record<SystemName, () => Promise<DurableSystem>>> = {
  'redis-stream': redisStreamSystem,
  jetstream: jetstreamSystem,
  amqp: amqpSystem,
  kafka: kafkaSystem,
  mqtt: mqttSystem,
};

const needs: Readonly<Record<Exclude<SystemName, 'kafka'>, readonly Requirement[]>> = {
  'redis-stream': ['redis-server'],
  jetstream: ['nats-server'],
  amqp: ['rabbitmq-server'],
  mqtt: ['mosquitto', 'mosquitto-clients'],
};

/** Starts a server of its own; resolves when it answers. */
export function startSystem(name: SystemName): Promise<DurableSystem> {
  return starts[name]();
}

/** Why it cannot be started here; nothing where it can. */
export async function lackOf(name: SystemName): Promise<string | undefined> {
  if (name === 'kafka') {
    if (process.env['KAFKA_BOOTSTRAP'] !== undefined) return 'kafka: a broker of our own to kill';
    return lackOfBroker();
  }
  const missing = needs[name].filter((requirement) => find(requirement) === undefined);
  return missing.length === 0 ? undefined : `needs ${missing.join(', ')}`;
}

/** Each to each other one. */
export const allPairs: readonly Pair[] = systemNames.flatMap((source) =>
  systemNames.filter((sink) => sink !== source).map((sink): Pair => [source, sink]),
);

/** In a ring: each is once the source, and once the sink. */
export const ring: readonly Pair[] = systemNames.map(
  (source, place): Pair => [source, systemNames[(place + 1) % systemNames.length] ?? source],
);

/**
 * Pairs as they are written: `kafka:amqp,mqtt:redis-stream`, or `all`.
 *
 * @throws when a name is none of the systems
 */
export function readPairs(text: string): readonly Pair[] {
  if (text === 'all') return allPairs;
  return text.split(',').map((pair): Pair => {
    const [source, sink, more] = pair
      .split(':')
      .map((name) => systemNames.find((known) => known === name.trim()));
    if (source === undefined || sink === undefined || more !== undefined)
      throw new Error(`expected pairs of ${systemNames.join(', ')} as redis-stream:kafka, found "${pair}"`);
    return [source, sink];
  });
}
