import { describe, expect, it } from 'vitest';
import { AraldoError } from '../../src/core/errors.ts';
import type { Message } from '../../src/core/message.ts';
import { ReturnedMessages } from '../../src/core/spill-returned.ts';
import type { StoredKey, StoredMessage } from '../../src/core/spill-store.ts';
import { createLedger } from '../operators/ledger.ts';

const no = new AraldoError('sink-rejected', 'no');

function setUp(maxDeliveries = 2) {
  const { route, failed, discarded } = createLedger();
  const gone: number[] = [];
  const kept: Message[] = [];
  let agains = 0;
  const returned = new ReturnedMessages(
    {
      route: {
        ...route,
        // `on-error` keeps a message until the test settles it.
        failed(message, error) {
          failed.push(error);
          kept.push(message);
        },
        overSettled: (_message, error) => failed.push(error),
      },
      marshallers: new Map(),
      decode: (message) => message.with('decoded'),
      maxDeliveries,
    },
    {
      gone: (size) => gone.push(size),
      again: () => (agains += 1),
      hold: () => undefined,
      release: () => undefined,
    },
  );
  const add = (id: number): Message => {
    const row: StoredMessage = {
      id,
      size: 10 * id,
      bytes: Buffer.from('x'),
      isText: true,
      marshaller: undefined,
      meta: '{}',
    };
    return returned.add(row);
  };
  const removed = (): readonly StoredKey[] => {
    let all: readonly StoredKey[] = [];
    returned.removeBy((keys) => (all = keys));
    return all;
  };
  return { returned, add, gone, kept, failed, discarded, removed, agains: () => agains };
}

describe('messages that were read back from disk', () => {
  it('are in the leg until they are settled, and on disk until they are removed', () => {
    const { returned, add, gone, removed } = setUp();
    const messages = [1, 2, 3].map(add);
    expect([returned.length, returned.inLeg, returned.unremoved]).toEqual([3, 3, 0]);
    messages[2]?.ack();
    messages[0]?.reject();
    expect([returned.length, returned.inLeg, returned.unremoved]).toEqual([1, 1, 2]);
    expect(gone).toEqual([30, 10]);
    expect(removed()).toEqual([
      { id: 3, size: 30 },
      { id: 1, size: 10 },
    ]);
    expect(returned.unremoved).toBe(0);
    messages[1]?.ack();
    expect(removed()).toEqual([{ id: 2, size: 20 }]);
  });

  it('stay to be removed while the disk fails', () => {
    const { returned, add, removed } = setUp();
    add(1).ack();
    expect(() =>
      returned.removeBy(() => {
        throw new Error('disk full');
      }),
    ).toThrow('disk full');
    expect(returned.unremoved).toBe(1);
    expect(removed()).toEqual([{ id: 1, size: 10 }]);
  });

  it('ask the disk for nothing where none is settled', () => {
    const { returned, add } = setUp();
    add(1);
    returned.removeBy(() => expect.unreachable());
  });

  it('are tried again when they are nacked, as often as they may', () => {
    const { returned, add, agains } = setUp(3);
    add(1).nack();
    expect([returned.inLeg, returned.length, agains()]).toEqual([1, 1, 1]);
    const second = returned.repeated.shift();
    expect(second?.meta.deliveries).toBe(2);
    second?.nack();
    const third = returned.repeated.shift();
    expect(third?.meta.deliveries).toBe(3);
    third?.nack();
    expect([returned.inLeg, returned.length, returned.unremoved, agains()]).toEqual([0, 0, 1, 2]);
  });

  it('are with on-error, not in the leg, from when they fail until they are settled', () => {
    const { returned, add, kept } = setUp();
    add(1);
    add(2).fail(no);
    expect([returned.inLeg, returned.length]).toEqual([1, 2]);
    expect(kept[0]?.payload).toBe('decoded');
    kept[0]?.ack();
    expect([returned.inLeg, returned.length]).toEqual([1, 1]);
  });

  it('come back to the leg when on-error gives them back', () => {
    const { returned, add, kept } = setUp();
    add(1).fail(no);
    kept[0]?.nack();
    expect([returned.inLeg, returned.length]).toEqual([1, 1]);
    returned.repeated.shift()?.ack();
    expect([returned.inLeg, returned.length]).toEqual([0, 0]);
  });

  it('fail with their bytes where these cannot be read', () => {
    const { route } = createLedger();
    const seen: unknown[] = [];
    const returned = new ReturnedMessages(
      {
        route: { ...route, failed: ({ payload }) => seen.push(payload) },
        marshallers: new Map(),
        decode() {
          throw new Error('malformed');
        },
        maxDeliveries: 1,
      },
      { gone: () => undefined, again: () => undefined, hold: () => undefined, release: () => undefined },
    );
    returned
      .add({ id: 1, size: 1, bytes: Buffer.from('{'), isText: true, marshaller: undefined, meta: '{}' })
      .fail(no);
    expect(seen).toEqual(['{']);
  });

  it('tell their route what is discarded, and what is settled too often', () => {
    const { add, discarded, failed } = setUp();
    add(1).discard('filtered');
    expect(discarded).toEqual(['filtered']);
    const twice = add(2);
    twice.ack();
    twice.ack();
    expect(failed.map(({ code }) => code)).toEqual(['over-settled']);
  });
});
