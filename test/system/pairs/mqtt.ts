// mosquitto at one end of a pair: QoS 1 and sessions that outlive their connections.
//
// mosquitto confirms before it saves, also with `autosave_on_changes`: a kill at any moment would lose what it has
// acknowledged last, and with a long queue each message would write all others to disk again. So it saves when it is told
// to (SIGUSR1), while its connections are silent, and is killed then: with messages and acknowledgements on their way in
// all directions, and none that it confirmed and forgot.
//
// mosquitto 2.0.11 forgets the receive maximum of a client that comes back to a session with unacknowledged messages: it
// sends all that waits at once, and all of that comes again after the next kill. So no more waits in it than araldo may
// have unsettled.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import { faultProxy } from '../../../src/testing/index.ts';
import { startMosquitto } from '../../servers/mosquitto.ts';
import { until } from '../support/server.ts';
import type { DurableSystem } from './durable-system.ts';
import { linesOf } from './lines.ts';
import { versionOf } from './version-of.ts';

const QUIET_MS = 100;

export async function mqttSystem(): Promise<DurableSystem> {
  const folder = await mkdtemp(join(tmpdir(), 'araldo-pair-mqtt-'));
  const server = await startMosquitto({
    config: {
      persistence_location: `${folder}/`,
      autosave_on_changes: 'false',
      autosave_interval: '0',
      // To each of its clients, whatever they can take.
      max_inflight_messages: '1000',
    },
  });
  const proxy = await faultProxy({ to: { port: server.port } });
  const url = `mqtt://127.0.0.1:${proxy.port}`;
  const at = ['-h', '127.0.0.1', '-p', String(server.port), '-V', 'mqttv5', '-q', '1'];
  const session = (id: string, topic: string): string[] => [
    ...at,
    ...['-D', 'connect', 'receive-maximum', '1000', '-c', '-x', '3600', '-i', id, '-t', topic],
  ];
  // Both sessions are there before anything is put in.
  for (const [id, topic] of [['araldo', 'in'] as const, ['reader', 'out'] as const])
    await once(spawn('mosquitto_sub', [...session(id, topic), '-E']), 'exit');
  const reader = spawn('mosquitto_sub', [...session('reader', 'out'), '-F', '%p'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = linesOf(reader);
  let lastReadMs = 0;
  reader.stdout.on('data', () => {
    lastReadMs = performance.now();
  });
  let client: MqttClient | undefined;
  let putting: Promise<unknown> = Promise.resolve();

  /** A client that tries nothing again. */
  const connected = async (): Promise<MqttClient> => {
    if (client?.connected === true) return client;
    client?.end(true);
    client = await connectAsync(server.url, { reconnectPeriod: 0, protocolVersion: 4 });
    client.on('error', () => undefined);
    return client;
  };
  const put = async (payloads: readonly Buffer[]): Promise<boolean[]> => {
    const isConfirmed = payloads.map(() => false);
    try {
      const outlet = await connected();
      const { promise: isOver, resolve } = Promise.withResolvers<void>();
      outlet.once('close', resolve);
      let open = payloads.length;
      for (const [place, payload] of payloads.entries())
        outlet.publish('in', payload, { qos: 1 }, (error) => {
          isConfirmed[place] = error === null || error === undefined;
          open -= 1;
          if (open === 0) resolve();
        });
      await isOver;
      outlet.removeListener('close', resolve);
    } catch {
      // It is down: nothing is confirmed.
    }
    return isConfirmed;
  };
  /** Resolves when all it has is on disk. */
  const save = async (): Promise<void> => {
    const writtenMs = (): number =>
      statSync(join(folder, 'mosquitto.db'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const before = writtenMs();
    process.kill(server.pid as number, 'SIGUSR1');
    await until('mosquitto has saved', () => writtenMs() > before);
  };

  return {
    name: 'mqtt',
    version: versionOf('mosquitto', ['-h'], /version (\S+)/),
    proxy,
    isUnbounded: true,
    source: () => ({
      id: 'endpoint-mqtt',
      url,
      'client-id': 'araldo',
      subscribe: 'in',
      'session-expiry': '1h',
    }),
    sink: () => ({ id: 'endpoint-mqtt', url, publish: 'out' }),
    async put(payloads) {
      const done = put(payloads);
      putting = done;
      return done;
    },
    async read({ came }) {
      if (reader.exitCode !== null) throw new Error(`mosquitto_sub ended with ${reader.exitCode}`);
      for (const line of lines()) came(line);
    },
    async kill() {
      proxy.set({ silence: true });
      await putting;
      // What is read and not acknowledged would be read again.
      await until('all is read', () => performance.now() - lastReadMs > QUIET_MS);
      await sleep(QUIET_MS);
      await save();
      await server.kill();
    },
    async restart() {
      await server.restart();
      proxy.clear();
      proxy.reset();
    },
    async [Symbol.asyncDispose]() {
      client?.end(true);
      reader.kill('SIGKILL');
      if (reader.exitCode === null && reader.signalCode === null) await once(reader, 'exit');
      await proxy.stop();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
