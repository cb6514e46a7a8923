// Redis by its commands: channels and streams.

import { Redis } from 'ioredis';
import { Packr, Unpackr } from 'msgpackr';
import { type End, rawOfEnvelope } from './end.ts';
import type { Raw } from './mapping.ts';

/** Envelopes in MessagePack, with bytes as bytes. */
export function channelEnd(url: string): End {
  const client = new Redis(url, { lazyConnect: true });
  const listener = new Redis(url, { lazyConnect: true });
  const taken: Raw[] = [];
  return {
    source: { id: 'endpoint-redis', url, subscribe: 'in', marshal: 'packed' },
    sink: { id: 'endpoint-redis', url, publish: 'out', marshal: 'packed' },
    async open() {
      const unpackr = new Unpackr({ useRecords: false, int64AsType: 'number' });
      listener.on('messageBuffer', (_channel: Buffer, message: Buffer) => {
        taken.push(rawOfEnvelope(unpackr.unpack(message)));
      });
      await listener.subscribe('out');
    },
    async put({ payload, fields: { id, ...meta }, headers }) {
      const envelope = { ...(id !== undefined && { id }), meta: { ...meta, headers }, payload };
      await client.publish('in', new Packr({ useRecords: false }).pack(envelope));
    },
    taken: () => taken,
    async close() {
      client.disconnect();
      listener.disconnect();
    },
  };
}

export function streamEnd(url: string): End {
  const client = new Redis(url, { lazyConnect: true });
  let taken: readonly Raw[] = [];
  let timer: NodeJS.Timeout | undefined;

  const look = async (): Promise<void> => {
    const entries = await client.xrangeBuffer('stream-out', '-', '+');
    taken = entries.map(([, fields]) => rawOf(fields));
    timer = setTimeout(() => void look().catch(() => undefined), 50);
  };
  return {
    source: { id: 'endpoint-redis-stream', url, stream: 'stream-in', group: 'araldo', marshal: 'none' },
    sink: { id: 'endpoint-redis-stream', url, stream: 'stream-out', marshal: 'none' },
    open: look,
    async put({ payload, headers }) {
      const more = Object.entries(headers).flat();
      await client.xadd('stream-in', '*', 'payload', payload, ...more);
    },
    taken: () => taken,
    async close() {
      clearTimeout(timer);
      client.disconnect();
    },
  };
}

function rawOf(fields: readonly Buffer[]): Raw {
  const headers: Record<string, string> = {};
  let payload = Buffer.alloc(0);
  for (let at = 0; at < fields.length; at += 2) {
    const [name, value] = [String(fields[at]), fields[at + 1] as Buffer];
    if (name === 'payload') payload = Buffer.from(value);
    else headers[name] = value.toString();
  }
  return { payload, fields: {}, headers };
}
