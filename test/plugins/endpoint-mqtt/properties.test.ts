import { describe, expect, it } from 'vitest';
import { createPacketIds } from '../../../plugins/endpoint-mqtt/packet-ids.ts';
import { metaOfProperties, propertiesOf } from '../../../plugins/endpoint-mqtt/properties.ts';
import { isOwnFault } from '../../../plugins/endpoint-mqtt/reason.ts';

const sent = { isText: false, expiry: undefined };

describe('endpoint-mqtt › properties', () => {
  it('carry meta there and back', () => {
    const meta = {
      id: 'i',
      key: 'k',
      headers: { one: '1', __proto__x: '2' },
      contentType: 'text/plain',
      correlationId: 'ç',
      replyTo: 'answers/1',
      timestamp: 1_700_000_000_000,
    };
    expect(metaOfProperties(propertiesOf(meta, sent) ?? {})).toEqual(meta);
    expect(propertiesOf({}, sent)).toBeUndefined();
  });

  it('carry an address that is no topic beside the response topic', () => {
    const properties = propertiesOf({ replyTo: '_INBOX.#' }, sent);
    expect(properties?.responseTopic).toBeUndefined();
    expect(metaOfProperties(properties ?? {})).toEqual({ replyTo: '_INBOX.#' });
  });

  it('read a property that comes several times as one header, and other bytes than UTF-8 as base64', () => {
    expect(
      metaOfProperties({
        userProperties: { tag: ['a', 'b'] },
        correlationData: Buffer.from([0xff, 0xfe]),
      }),
    ).toEqual({ headers: { tag: 'a,b' }, correlationId: '//4=' });
  });

  it.each(['nul\u0000', 'bell\u0007', 'half \ud800', 'x'.repeat(65_536)])(
    'refuse %j as the fault of its message: a broker would end the connection',
    (value) => {
      expect(() => propertiesOf({ headers: { a: value } }, sent)).toThrow(/as MQTT has it/);
      expect(() => propertiesOf({ contentType: value }, sent)).toThrow(/as MQTT has it/);
    },
  );

  it('tell the fault of a message from a broker that cannot take it now', () => {
    expect([144, 135, 153].every(isOwnFault)).toBe(true);
    expect([151, 137, 139, 145].some(isOwnFault)).toBe(false);
  });
});

describe('endpoint-mqtt › packet ids', () => {
  it('are given once at a time, all 65,535 of them, whichever come back first', () => {
    const ids = createPacketIds();
    const given = new Set(Array.from({ length: 65_535 }, () => ids.allocate()));
    expect(given.size).toBe(65_535);
    expect(given.has(0)).toBe(false);
    expect(ids.allocate()).toBeNull();
    ids.deallocate(40_000);
    expect(ids.allocate()).toBe(40_000);
    expect(ids.register(40_000)).toBe(false);
  });
});
