// The world of endpoint-mqtt for the battery: topics of its own at one mosquitto, with mosquitto_pub and mosquitto_sub
// beside araldo.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { plugin } from '../../../plugins/endpoint-mqtt/index.ts';
import type { BatteryWorld, OutsideMessage } from '../../../src/testing/index.ts';
import type { MosquittoServer } from '../../servers/mosquitto.ts';

/** @param place names the topics and sessions of one case */
export async function mqttWorld(
  broker: MosquittoServer,
  place: string,
  version: 5 | '3.1.1' = 5,
): Promise<BatteryWorld> {
  const [incoming, outgoing] = [`${place}/in`, `${place}/out`];
  const clientId = `${place}-source`;
  const common = { version, ping: { every: '1s', timeout: '1500ms' }, 'session-expiry': '1h' };
  const at = ['-h', '127.0.0.1', '-p', String(broker.port), '-V', 'mqttv5', '-q', '1'];
  // The session is there before anything is put in, and with the window of the battery: mosquitto sends what came
  // meanwhile by the receive maximum of the connection before.
  const window = ['-D', 'connect', 'receive-maximum', '64'];
  await run('mosquitto_sub', [...at, ...window, '-c', '-x', '3600', '-i', clientId, '-t', incoming, '-E']);
  const reader = spawn(
    'mosquitto_sub',
    [...at, '-c', '-x', '3600', '-i', `${place}-reader`, '-t', outgoing, '-F', '%x\t%P'],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const said = collect(reader);

  return {
    plugin,
    server: { host: '127.0.0.1', port: broker.port },
    source: ({ host, port }) => ({
      url: `mqtt://${host}:${port}`,
      'client-id': clientId,
      subscribe: incoming,
      ...common,
    }),
    sink: ({ host, port }) => ({ url: `mqtt://${host}:${port}`, publish: outgoing, ...common }),
    loop: ({ host, port }) => ({
      url: `mqtt://${host}:${port}`,
      'client-id': `${place}-looped`,
      subscribe: outgoing,
      ...common,
    }),
    refusals: ({ host, port }) => [
      {
        what: 'wrong password',
        options: { url: `mqtt://someone:wrong-password@${host}:${port}`, subscribe: incoming },
        says: /not authorized; check the user and the password in url/,
        secret: 'wrong-password',
      },
    ],
    put: (messages) => put(at, incoming, messages),
    taken: () => Promise.resolve(said()),
    kill: broker.kill,
    restart: broker.restart,
    ...(version === 5 && {
      carries: ['id', 'key', 'headers', 'contentType', 'correlationId', 'replyTo', 'timestamp'],
    }),
    isText: true,
    // mosquitto 2.0.11 sends all that waits for a session when it is resumed.
    overshoot: 4_000,
    cannot: {
      'brings again what was not settled, under its id':
        'MQTT has no position: it comes again, under another id after a restart of araldo',
    },
    async end() {
      reader.kill('SIGKILL');
      if (reader.exitCode === null && reader.signalCode === null) await once(reader, 'exit');
    },
  };
}

/** A line a message; those with headers one by one. */
async function put(at: readonly string[], topic: string, messages: readonly OutsideMessage[]): Promise<void> {
  if (messages.every(({ headers }) => headers === undefined)) {
    const lines = messages.map(({ payload }) => `${Buffer.from(payload).toString()}\n`);
    return run('mosquitto_pub', [...at, '-t', topic, '-l'], lines.join(''));
  }
  for (const { payload, headers = {} } of messages) {
    const properties = Object.entries(headers).flatMap(([name, value]) => [
      ...['-D', 'publish', 'user-property', name, value],
    ]);
    const text = Buffer.from(payload).toString();
    await run('mosquitto_pub', [...at, '-t', topic, '-m', text, ...properties]);
  }
}

async function run(program: string, args: readonly string[], input = ''): Promise<void> {
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  // It may end before it has read anything.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${said}`);
}

/** What it has printed, line by line, as messages. */
function collect(child: ChildProcess): () => readonly OutsideMessage[] {
  const messages: OutsideMessage[] = [];
  let rest = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    const lines = `${rest}${chunk.toString()}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [hex = '', properties = ''] = line.split('\t');
      const headers = [...properties.matchAll(/(\S+):(\S*)/g)].map(
        ([, name = '', value = '']) => [name, value] as const,
      );
      messages.push({ payload: Buffer.from(hex, 'hex'), headers: Object.fromEntries(headers) });
    }
  });
  return () => messages;
}
