// Kafka at one end of a pair: acks of all replicas. Its one replica does not sync with each of them, but what a killed
// process has written the kernel keeps.
//
// kcat (librdkafka) writes and reads. It writes with a number of its own for each record, so that what it tries again is
// there once; it keeps by itself where it has read up to. Both use the second listener, because the first one tells all
// clients to come through the proxy.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { faultProxy } from '../../../src/testing/index.ts';
import { freePort } from '../../servers/free-port.ts';
import { alice, startKafka } from '../../servers/kafka.ts';
import { createTopics } from '../../servers/kafka-topic.ts';
import { kcat } from '../../servers/kcat.ts';
import type { DurableSystem } from './durable-system.ts';
import { linesOf } from './lines.ts';

const PARTITIONS = 4;

const pom = readFileSync(new URL('../../servers/kafka/pom.xml', import.meta.url), 'utf8');

export async function kafkaSystem(): Promise<DurableSystem> {
  const advertised = await freePort();
  const server = await startKafka({ advertised });
  const proxy = await faultProxy({ to: { port: server.port }, port: advertised });
  const broker = `127.0.0.1:${proxy.port}`;
  const login = ['security.protocol=SASL_PLAINTEXT', 'sasl.mechanisms=PLAIN'];
  const settings = [
    ...[...login, `sasl.username=${alice.username}`, `sasl.password=${alice.password}`],
    'reconnect.backoff.max.ms=300',
  ];
  const common = ['-b', server.saslBroker, '-E', ...settings.flatMap((setting) => ['-X', setting])];
  await createTopics(broker, ['in', 'out'], { partitions: PARTITIONS });

  const reader = spawn('kcat', ['-C', ...common, '-t', 'out', '-o', 'beginning', '-q', '-u', '-f', '%s\n'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = linesOf(reader);

  return {
    name: 'kafka',
    version: /<version>([\d.]{3,})</.exec(pom)?.[1] ?? 'unknown',
    proxy,
    source: () => ({
      id: 'endpoint-kafka',
      brokers: [broker],
      topics: ['in'],
      group: 'g',
      'session-timeout': '1s',
    }),
    sink: () => ({ id: 'endpoint-kafka', brokers: [broker], topic: 'out' }),
    async put(payloads) {
      const how = ['acks=all', 'enable.idempotence=true', 'message.timeout.ms=60000'];
      const args = ['-P', ...common, '-t', 'in', ...how.flatMap((setting) => ['-X', setting])];
      const isWritten = await kcat(args, payloads.map((payload) => `${payload.toString()}\n`).join('')).then(
        () => true,
        () => false,
      );
      return payloads.map(() => isWritten);
    },
    async read({ came }) {
      if (reader.exitCode !== null) throw new Error(`kcat ended with ${reader.exitCode}`);
      for (const line of lines()) came(line);
    },
    kill: () => server.kill(),
    restart: () => server.restart(),
    async [Symbol.asyncDispose]() {
      reader.kill('SIGKILL');
      if (reader.exitCode === null && reader.signalCode === null) await once(reader, 'exit');
      await proxy.stop();
      await server.stop();
    },
  };
}
