// kcat, a program of another family of Kafka clients (librdkafka): puts messages in and takes them out.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Ends a message on the standard input of kcat; no payload of a test has it. */
const delimiter = '@@end@@';

/** Runs kcat to its end; rejects when it fails, with what it said. */
export async function kcat(args: readonly string[], input?: Buffer | string): Promise<Buffer> {
  const child = spawn('kcat', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-2_048);
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`kcat ${args.join(' ')} ended with ${code}: ${said}`);
  return Buffer.concat(out);
}

/** Puts messages in, in order, in one partition unless `args` says otherwise. Resolves when all replicas have them. */
export async function put(
  broker: string,
  topic: string,
  payloads: readonly Uint8Array[],
  args: readonly string[] = ['-p', '0'],
): Promise<void> {
  const input = Buffer.concat(payloads.flatMap((payload) => [payload, Buffer.from(delimiter)]));
  await kcat(['-P', '-b', broker, '-t', topic, '-D', delimiter, '-X', 'acks=all', ...args], input);
}

/** The payloads of one partition, from its beginning on. */
export async function taken(broker: string, topic: string, partition = 0): Promise<Buffer[]> {
  const from = ['-o', 'beginning', '-e', '-q', '-X', 'check.crcs=true'];
  const all = await kcat(['-C', '-b', broker, '-t', topic, '-p', String(partition), ...from, '-f', '%R%s']);
  const payloads: Buffer[] = [];
  for (let at = 0; at < all.length; ) {
    const size = all.readInt32BE(at);
    payloads.push(all.subarray(at + 4, at + 4 + Math.max(0, size)));
    at += 4 + Math.max(0, size);
  }
  return payloads;
}
