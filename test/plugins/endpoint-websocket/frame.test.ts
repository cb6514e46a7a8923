import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frameSize, skipFrame, writeFrame } from '../../../plugins/endpoint-websocket/frame.ts';
import { Wire } from '../../../src/core/wire.ts';
import { runs } from '../../runs.ts';
import { payloadsOf } from './fake-socket.ts';

function frameOf(payload: Uint8Array, isText: boolean): Buffer {
  const frame = Buffer.alloc(frameSize(payload.byteLength));
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  expect(writeFrame(frame, view, 0, Wire.of(payload), isText)).toBe(frame.byteLength);
  expect(skipFrame(frame, 0)).toBe(frame.byteLength);
  return frame;
}

test('frame › an independent reader finds any payload again, and whether it is text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (payload, isText) => {
      const [found, ...rest] = payloadsOf(frameOf(payload, isText));
      expect(rest).toEqual([]);
      expect(found?.text).toBe(isText);
      expect(found?.payload.equals(payload)).toBe(true);
    }),
    runs(),
  );
});

test.each([0, 125, 126, 65_535, 65_536, 1_048_576])(
  'frame › a payload of %i bytes has the right length field',
  (length) => {
    const [found] = payloadsOf(frameOf(new Uint8Array(length).fill(7), false));
    expect(found?.payload.byteLength).toBe(length);
  },
);
