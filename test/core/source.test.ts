import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Lane, LaneOptions } from '../../src/core/lane.ts';
import type { Message, RoutePort } from '../../src/core/message.ts';
import { Source, type SourceOptions } from '../../src/core/source.ts';
import { pass } from '../virtual-time.ts';
import { sourceOptions } from './source-options.ts';

const route: RoutePort = {
  name: 'route',
  claimed: () => undefined,
  discarded: () => undefined,
  failed: (message) => message.reject(),
  made: () => undefined,
};

/** A source whose one route keeps all that is emitted, until the test settles it. */
function sourceOf(options: Partial<SourceOptions> = {}) {
  const scheduler = new VirtualTimeScheduler();
  const emitted: Message[] = [];
  const said: string[] = [];
  const source = new Source(
    sourceOptions({ scheduler, ...options }),
    {
      pause: (lane) => said.push(`pause ${lane.name}`),
      resume: (lane) => said.push(`resume ${lane.name}`),
      settled: (lane, root, status) => said.push(`${status} ${lane.name}${root.sequence}`),
    },
    (root) => emitted.push(root.claim(route)),
  );
  const lane = (name: string, more: Partial<LaneOptions> = {}): Lane => source.lane({ name, ...more });
  const receive = (to: Lane, count: number): void => {
    for (let copy = 0; copy < count; copy += 1) to.receive(`${to.name}${copy}`);
  };
  const take = (): Message => emitted.shift() as Message;
  return { source, emitted, said, lane, receive, take, turn: () => pass(scheduler, 0) };
}

function namesOf(messages: readonly Message[]): string {
  return messages.map(({ origin, sequence }) => `${(origin as Lane).name}${sequence}`).join(' ');
}

describe('source', () => {
  it('emits up to its window, stashes the rest, and pauses the lane that brought it', () => {
    const { source, emitted, said, lane, receive } = sourceOf();
    receive(lane('a'), 6);
    expect(namesOf(emitted)).toBe('a0 a1 a2 a3');
    expect([source.inFlight, source.stashed, source.gate.isOpen]).toEqual([4, 2, false]);
    expect(said).toEqual(['pause a']);
  });

  it('reads on when all that was stashed is out and the window has room', () => {
    const { emitted, said, lane, receive, take, turn } = sourceOf();
    receive(lane('a'), 5);
    for (let count = 0; count < 4; count += 1) take().ack();
    expect(emitted).toHaveLength(0);
    turn();
    expect(namesOf(emitted)).toBe('a4');
    expect(said).toEqual(['pause a', 'ack a0', 'ack a1', 'ack a2', 'ack a3', 'resume a']);
  });

  it('acks what no route has claimed', () => {
    const said: string[] = [];
    const source = new Source(
      {
        name: 's',
        address: 's',
        scheduler: new VirtualTimeScheduler(),
        maxInFlight: 1,
        maxDeliveries: 5,
        redelivers: true,
        canPause: true,
        stash: { messages: 10, bytes: 100 },
      },
      { settled: (_lane, _root, status) => said.push(status) },
      (root) => root.nack(),
    );
    const lane = source.lane({ name: 'a' });
    lane.receive(1);
    lane.receive(2);
    expect(said).toEqual(['ack', 'ack']);
    expect([source.acked, source.inFlight]).toEqual([2, 0]);
  });

  it('emits from many lanes sixteen messages of each in turn, so that none waits long for another', () => {
    const { source, emitted, lane, receive, turn } = sourceOf({ maxInFlight: 200 });
    const holder = { name: 'test' };
    source.hold(holder);
    receive(lane('a'), 40);
    receive(lane('b'), 2);
    receive(lane('c'), 17);
    source.release(holder);
    turn();
    const lanes = namesOf(emitted).replaceAll(/[0-9 ]/g, '');
    expect(lanes).toBe(`${'a'.repeat(16)}bb${'c'.repeat(16)}${'a'.repeat(16)}c${'a'.repeat(8)}`);
  });

  it('pauses a lane that has its share of the window, and the others go on', () => {
    const { emitted, said, lane, receive, take, turn } = sourceOf({ maxInFlight: 64 });
    const [flood, calm] = [lane('flood'), lane('calm')];
    receive(calm, 1);
    receive(flood, 40);
    expect([flood.inFlight, flood.stash.length]).toEqual([32, 8]);
    expect(said).toEqual(['pause flood']);
    receive(calm, 20);
    expect(calm.inFlight).toBe(21);
    // It goes on at three quarters of its share.
    take().ack();
    for (let count = 0; count < 7; count += 1) take().ack();
    turn();
    expect(flood.stash.length).toBe(8);
    take().ack();
    turn();
    expect(flood.inFlight).toBeGreaterThan(24);
    expect(emitted.length).toBeLessThanOrEqual(64);
  });

  it('shares its window out among lanes that have something in flight, and no others', () => {
    const { lane, receive, take } = sourceOf({ maxInFlight: 64 });
    const [first, second] = [lane('first'), lane('second')];
    for (let round = 0; round < 3; round += 1) {
      receive(first, 1);
      take().ack();
    }
    receive(second, 64);
    expect([second.inFlight, second.stash.length]).toEqual([64, 0]);
  });

  it('gives a lane at least 16 places, and all of the window when it is alone', () => {
    const { lane, receive } = sourceOf({ maxInFlight: 20 });
    const alone = lane('alone');
    receive(alone, 20);
    expect(alone.inFlight).toBe(20);

    const shared = sourceOf({ maxInFlight: 20 });
    shared.receive(shared.lane('calm'), 1);
    const flood = shared.lane('flood');
    shared.receive(flood, 19);
    expect(flood.inFlight).toBe(16);
  });

  it('delivers again what was nacked, before anything new, and keeps its place meanwhile', () => {
    const { source, emitted, said, lane, receive, take, turn } = sourceOf();
    receive(lane('a'), 6);
    take().nack();
    expect(source.inFlight).toBe(4);
    turn();
    expect(namesOf(emitted)).toBe('a1 a2 a3 a0');
    expect(emitted.at(-1)?.meta.deliveries).toBe(2);
    expect(emitted.at(-1)?.id).toBe('source@run.1-0');
    expect(said).toEqual(['pause a']);
  });

  it('waits with that for whoever holds the gate, and then needs no room in a full window', () => {
    const { source, emitted, lane, receive, take, turn } = sourceOf({ maxInFlight: 2 });
    const holder = { name: 'test' };
    receive(lane('a'), 2);
    source.hold(holder);
    take().nack();
    turn();
    expect(namesOf(emitted)).toBe('a1');
    source.release(holder);
    turn();
    expect(namesOf(emitted)).toBe('a1 a0');
  });

  it('gives up after max-deliveries and the one by which it is set aside', () => {
    const { source, said, lane, receive, take, turn } = sourceOf({ maxDeliveries: 2 });
    receive(lane('a'), 1);
    const deliveries: unknown[] = [];
    for (let count = 0; count < 3; count += 1) {
      const message = take();
      deliveries.push(message.meta.deliveries);
      message.nack();
      turn();
    }
    expect(deliveries).toEqual([undefined, 2, 3]);
    expect(said).toEqual(['reject a0']);
    expect([source.nacked, source.rejected, source.inFlight]).toEqual([2, 1, 0]);
  });

  it('leaves a nack to a transport that redelivers, up to max-deliveries', () => {
    const { said, lane, take } = sourceOf({ redelivers: true, maxDeliveries: 2 });
    const from = lane('a');
    from.receive('x', {}, 0);
    take().nack();
    from.receive('x', { deliveries: 3 }, 0);
    take().nack();
    expect(said).toEqual(['nack a0', 'reject a0']);
  });

  it('bounds the span of a cumulative lane, and commits nothing past a message that is out', () => {
    const { source, said, lane, receive, take } = sourceOf({ maxInFlight: 4 });
    const a = lane('a', { isCumulative: true });
    receive(a, 6);
    const [oldest, ...others] = [take(), take(), take(), take()];
    for (const message of others) message.ack();
    expect([source.inFlight, a.floor?.floor, source.gate.isFull]).toEqual([4, undefined, true]);
    oldest?.ack();
    expect([a.floor?.floor, source.gate.isFull]).toEqual([3, false]);
    expect(said.slice(1)).toEqual(['ack a1', 'ack a2', 'ack a3', 'ack a0']);
  });

  it('delivers again on a full cumulative lane what keeps its floor from rising', () => {
    // The shrunk case of laws 11 and 12: the gate waited for the floor, and the floor for the message.
    for (const redelivers of [false, true]) {
      const { source, emitted, said, lane, receive, take, turn } = sourceOf({ maxInFlight: 2, redelivers });
      const a = lane('a', { isCumulative: true });
      receive(a, 3);
      take().nack();
      take().ack();
      expect([a.floor?.floor, source.gate.isFull]).toEqual([undefined, true]);
      turn();
      expect(namesOf(emitted)).toBe('a0');
      take().ack();
      expect(a.floor?.floor).toBe(1);
      turn();
      expect(namesOf(emitted)).toBe('a2');
      expect(said).toEqual(['pause a', 'ack a1', 'ack a0', 'resume a']);
    }
  });

  it('forgets what a lane that is taken away has stashed, and tells nobody of what settles late', () => {
    const { source, said, lane, receive, take, turn } = sourceOf();
    const gone = lane('gone');
    receive(gone, 6);
    take().nack();
    gone.revoke();
    expect([source.stashed, source.stashedBytes, source.inFlight]).toEqual([0, 0, 3]);
    for (let count = 0; count < 3; count += 1) take().ack();
    gone.receive('late');
    turn();
    expect([source.inFlight, source.isIdle]).toEqual([0, true]);
    expect(said).toEqual(['pause gone']);
  });

  it('frees the span of a cumulative lane that is taken away', () => {
    const { source, lane, receive, take } = sourceOf();
    const gone = lane('gone', { isCumulative: true });
    receive(gone, 4);
    take().nack();
    for (let count = 0; count < 2; count += 1) take().ack();
    gone.revoke();
    expect(source.inFlight).toBe(1);
    take().ack();
    expect(source.inFlight).toBe(0);
  });

  it('keeps the places of what a committed lane has settled, until it is committed', () => {
    const { source, emitted, said, lane, receive, take, turn } = sourceOf({ maxInFlight: 4 });
    const a = lane('a', { isCumulative: true, isCommitted: true });
    receive(a, 6);
    const [oldest, ...others] = [take(), take(), take(), take()];
    for (const message of others) message.ack();
    // Below the floor there is nothing: no commit could cover them.
    expect([a.uncommitted, source.inFlight]).toEqual([0, 4]);
    oldest?.ack();
    turn();
    expect([a.uncommitted, source.uncommitted, source.inFlight]).toEqual([4, 4, 0]);
    expect([source.gate.isFull, emitted.length]).toEqual([true, 0]);
    a.committed(3);
    turn();
    expect(namesOf(emitted)).toBe('a4 a5');
    expect([a.uncommitted, source.inFlight, source.gate.inFlight]).toEqual([1, 2, 3]);
    expect(said.at(-1)).toBe('resume a');
  });

  it('is idle when all is settled, committed or not', () => {
    const { source, lane, receive, take } = sourceOf();
    receive(lane('a', { isCumulative: true, isCommitted: true }), 1);
    expect(source.isIdle).toBe(false);
    take().ack();
    expect([source.isIdle, source.uncommitted]).toEqual([true, 1]);
  });

  it('frees the places of a committed lane that is taken away, and those of what it settles late', () => {
    const { source, lane, receive, take } = sourceOf();
    const gone = lane('gone', { isCumulative: true, isCommitted: true });
    receive(gone, 4);
    for (let count = 0; count < 2; count += 1) take().ack();
    gone.revoke();
    expect([source.gate.inFlight, source.uncommitted]).toEqual([2, 0]);
    gone.committed(2);
    for (let count = 0; count < 2; count += 1) take().ack();
    expect([source.gate.inFlight, source.uncommitted, source.isIdle]).toEqual([0, 0, true]);
  });

  it('loses the newest, counted, when its stash is full and the transport cannot pause', () => {
    const { source, lane, receive } = sourceOf({ canPause: false, stash: { messages: 2, bytes: 1 << 20 } });
    receive(lane('a'), 9);
    expect([source.stashed, source.overrun, source.received]).toEqual([2, 3, 9]);
  });

  it('pauses all lanes when its stash is full', () => {
    const { said, lane, receive } = sourceOf({ maxInFlight: 1, stash: { messages: 1, bytes: 1 << 20 } });
    lane('idle');
    receive(lane('busy'), 3);
    expect(said).toEqual(['pause busy', 'pause idle']);
  });

  it('counts the bytes of its stash', () => {
    const { source, said, lane } = sourceOf({ maxInFlight: 1, stash: { messages: 100, bytes: 10 } });
    lane('idle');
    const busy = lane('busy');
    busy.receive('first');
    busy.receive('1234');
    expect([source.stashedBytes, said]).toEqual([8, ['pause busy']]);
    busy.receive('5');
    expect(said).toEqual(['pause busy']);
    busy.receive('6');
    expect(said).toEqual(['pause busy', 'pause idle']);
  });

  it('reads nothing more when it drains, and carries through what it has', () => {
    const { source, emitted, said, lane, receive, take, turn } = sourceOf({ maxInFlight: 1 });
    receive(lane('a'), 2);
    source.drain();
    take().ack();
    turn();
    expect(namesOf(emitted)).toBe('a1');
    take().ack();
    turn();
    expect(said).toEqual(['pause a', 'ack a0', 'ack a1']);
    expect(source.isIdle).toBe(true);
  });

  it('tells its transport nothing more of a lane that is closed', () => {
    const { source, said, lane, receive } = sourceOf();
    receive(lane('a'), 1);
    const closing = lane('b');
    receive(closing, 1);
    closing.close();
    source.drain();
    expect(said).toEqual(['pause a']);
  });

  it('carries through what a closed lane has handed over', () => {
    const { source, emitted, said, lane, receive, take, turn } = sourceOf({ maxInFlight: 1 });
    const closing = lane('a');
    receive(closing, 2);
    closing.close();
    take().ack();
    turn();
    expect(namesOf(emitted)).toBe('a1');
    take().nack();
    turn();
    take().ack();
    turn();
    expect(said).toEqual(['pause a', 'ack a0', 'ack a1']);
    expect(source.isIdle).toBe(true);
  });

  it('emits one message at a time: what is received within an emission waits', () => {
    let depth = 0;
    let deepest = 0;
    const scheduler = new VirtualTimeScheduler();
    const options = {
      name: 's',
      address: 's',
      scheduler,
      maxInFlight: 4,
      maxDeliveries: 5,
      redelivers: false,
    };
    const source = new Source(
      { ...options, canPause: false, stash: { messages: 10, bytes: 1 << 20 } },
      {},
      ({ payload }) => {
        depth += 1;
        deepest = Math.max(deepest, depth);
        if ((payload as number) < 10_000) lane.receive((payload as number) + 1);
        depth -= 1;
      },
    );
    const lane = source.lane({ name: 'a' });
    lane.receive(0);
    pass(scheduler, 0);
    expect([deepest, source.acked]).toEqual([1, 10_001]);
  });

  it('goes on after a plugin has thrown, and counts what was settled before it was emitted to all', () => {
    const scheduler = new VirtualTimeScheduler();
    const emitted: unknown[] = [];
    const lax: RoutePort = { ...route, overSettled: () => undefined };
    let isBroken = true;
    const source = new Source(
      {
        name: 's',
        address: 's',
        scheduler,
        maxInFlight: 9,
        maxDeliveries: 5,
        redelivers: false,
        canPause: true,
        stash: { messages: 9, bytes: 1 << 20 },
      },
      {
        settled() {
          if (isBroken) throw new Error('a plugin');
        },
      },
      (root) => {
        emitted.push(root.payload);
        const claimed = root.claim(lax);
        claimed.ack();
        claimed.ack();
      },
    );
    const lane = source.lane({ name: 'a' });
    expect(() => lane.receive(1)).toThrow('a plugin');
    const holder = { name: 'test' };
    source.hold(holder);
    lane.receive(2);
    source.release(holder);
    expect(() => pass(scheduler, 0)).toThrow('a plugin');
    isBroken = false;
    lane.receive(3);
    expect(emitted).toEqual([1, 2, 3]);
    expect([source.overSettled, source.inFlight]).toEqual([1, 0]);
  });

  it('leaks nothing over 10,000 nacks', () => {
    const { source, lane, receive, take, emitted, turn } = sourceOf({ maxInFlight: 64, maxDeliveries: 3 });
    const lanes = [lane('a'), lane('b', { isCumulative: true }), lane('c')];
    let seed = 1;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    let nacks = 0;
    while (nacks < 10_000) {
      for (const each of lanes) receive(each, 2);
      for (let count = emitted.length; count > 0; count -= 1) {
        const isNack = random() < 0.6;
        if (isNack) {
          nacks += 1;
          take().nack();
        } else take().ack();
      }
      turn();
    }
    while (emitted.length > 0) {
      take().ack();
      turn();
    }
    expect([source.inFlight, source.stashed, source.isIdle, source.gate.isOpen]).toEqual([0, 0, true, true]);
    expect(lanes.map(({ inFlight, floor }) => [inFlight, floor?.span ?? 0])).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    expect(source.acked + source.rejected).toBe(source.received);
  });
});
