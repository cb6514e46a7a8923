import { describe, expect, it } from 'vitest';
import { Message } from '../../src/core/message.ts';
import { outgoingWire } from '../../src/core/outgoing.ts';
import { Wire } from '../../src/core/wire.ts';

describe('outgoingWire', () => {
  it('is the wire form where there is one', () => {
    const wire = Wire.of(Uint8Array.of(1), false);
    expect(outgoingWire(Message.of('value').withWire('value', wire))).toBe(wire);
  });

  it('takes text as UTF-8, and bytes as they are', () => {
    expect(outgoingWire(Message.of('é'))).toMatchObject({ bytes: Uint8Array.of(0xc3, 0xa9), isText: true });
    const bytes = Uint8Array.of(0xff);
    expect(outgoingWire(Message.of(bytes))).toMatchObject({ bytes, isText: undefined });
  });

  it('refuses any other value, and says what would take it', () => {
    expect(() => outgoingWire(Message.of({ a: 1 }))).toThrow(
      expect.objectContaining({
        code: 'unmarshallable-payload',
        message: expect.stringContaining('of type object: declare a marshaller, such as'),
      }),
    );
  });

  it('refuses text that would arrive as another', () => {
    expect(() => outgoingWire(Message.of('a\ud800'))).toThrow('found text with half of a surrogate pair');
    expect(() => outgoingWire(Message.of('😀'))).not.toThrow();
  });
});
