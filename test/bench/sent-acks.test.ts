import { describe, expect, it } from 'vitest';
import { ackCounter } from '../../bench/workloads/sent-acks.ts';
import type { SystemName } from '../../test/system/pairs/durable-system.ts';

const frame = (type: number, payload: readonly number[]): number[] => [
  ...[type, 0, 1, 0, 0, 0, payload.length],
  ...payload,
  0xce,
];
const request = (key: number, body: readonly number[]): number[] => [
  ...[0, 0, 0, body.length + 2, 0, key],
  ...body,
];
const bytes = (...pieces: readonly (string | readonly number[])[]): Buffer =>
  Buffer.concat(pieces.map((piece) => Buffer.from(piece as string)));

/** What a client sends, with two acknowledgements in it and something that looks like one. */
const sent: Readonly<Record<SystemName, Buffer>> = {
  'redis-stream': bytes(
    '*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n',
    '*5\r\n$4\r\nXACK\r\n$2\r\nin\r\n$1\r\ng\r\n$3\r\n1-0\r\n$3\r\n2-0\r\n',
    '*2\r\n$4\r\nECHO\r\n$14\r\n*1\r\n$4\r\nXACK\r\n\r\n',
    '*4\r\n$4\r\nxack\r\n$2\r\nin\r\n$1\r\ng\r\n$3\r\n3-0\r\n',
  ),
  jetstream: bytes(
    'CONNECT {}\r\nPUB $JS.ACK.IN.d.1.1.1.5.0 4\r\n+ACK\r\nPUB $JS.ACK.IN.d.1.2.2.5.0 4\r\n+WPI\r\n',
    'PUB x 34\r\nPUB $JS.ACK.IN.d.1.1.1.5.0 4\r\n+ACK\r\nPING\r\nPUB $JS.ACK.IN.d.1.2.2.5.0 4\r\n+ACK\r\n',
  ),
  amqp: bytes(
    ...['AMQP\0\0\u0009\u0001', frame(1, [0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 0, 9, 1])],
    ...[frame(3, [0, 60, 0, 80, 0, 0]), frame(8, []), frame(1, [0, 60, 0, 20, 0, 0])],
    frame(1, [0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 0, 10, 0]),
  ),
  kafka: bytes(
    request(1, [0, 8, 0, 8]),
    request(8, [0, 8, 1, 2]),
    request(9, [0, 8]),
    request(8, [0, 8, 1, 3]),
  ),
  mqtt: bytes(
    ...[
      [0x10, 2, 0, 0],
      [0x40, 2, 0, 1],
      [0x30, 0x80, 1],
    ],
    Array.from({ length: 128 }, () => 0x40),
    ...[
      [0xc0, 0],
      [0x40, 2, 0, 2],
    ],
  ),
};

describe.each(Object.entries(sent) as [SystemName, Buffer][])('acks sent to %s', (system, all) => {
  it('are counted, and nothing else', () => {
    expect(ackCounter(system)(all)).toBe(2);
  });

  it('are counted once, wherever the bytes are cut', () => {
    const byByte = ackCounter(system);
    expect([...all].reduce((sum, byte) => sum + byByte(Buffer.of(byte)), 0)).toBe(2);
    for (let cut = 1; cut < all.length; cut += 1) {
      const inTwo = ackCounter(system);
      expect(inTwo(all.subarray(0, cut)) + inTwo(all.subarray(cut))).toBe(2);
    }
  });
});
