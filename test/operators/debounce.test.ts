import { describe, expect, it } from 'vitest';
import { type DebounceOptions, debounce, debounceStep } from '../../operators/debounce.ts';
import { walkNewestOfKey } from './newest-of-key.ts';
import { parsed, startStep, timed } from './timed.ts';

walkNewestOfKey('debounce', {
  create: (options) => debounce({ ms: 10, maxMs: 25, ...options }),
  step: debounceStep,
  time: 'for',
});

function start(options: Partial<DebounceOptions> = {}) {
  return timed((scheduler) => debounce({ ms: 100, ...options, scheduler }));
}

describe('debounce', () => {
  it('lets a message leave when it has been quiet for so long, and discards those before it', () => {
    const { send, wait, left, ledger } = start();
    send('a');
    wait(99);
    send('b');
    wait(99);
    expect(left).toEqual([]);
    wait(1);
    expect(left).toEqual(['b@199']);
    expect(ledger.discarded).toEqual(['superseded']);
    expect(ledger.statuses).toEqual(['ack', 'open']);
  });

  it('holds a message back no longer than it may, however unquiet it is', () => {
    const { send, wait, left } = start({ maxMs: 250 });
    for (let place = 0; place < 7; place += 1) {
      send(place);
      wait(60);
    }
    expect(left).toEqual(['4@250']);
    wait(100);
    expect(left).toEqual(['4@250', '6@460']);
  });

  it('counts how long a key is unquiet anew after each message that left', () => {
    const { send, wait, left } = start({ ms: 10, maxMs: 30 });
    send('a');
    wait(25);
    send('b');
    wait(9);
    send('c');
    wait(10);
    expect(left).toEqual(['a@10', 'c@44']);
  });

  it('lets each key be quiet by itself', () => {
    const { send, wait, left } = start({ key: ({ payload }) => (payload as string)[0] });
    send('a1', 'b1');
    wait(50);
    send('b2');
    wait(200);
    expect(left).toEqual(['a1@100', 'b2@150']);
  });

  it('lets the quietest leave early when more keys wait than may', () => {
    const { send, left } = start({ maxKeys: 2, key: ({ payload }) => payload });
    send('a', 'b', 'a', 'c');
    expect(left).toEqual(['b@0']);
  });
});

describe('the step debounce', () => {
  it('does what each of its options says', () => {
    const options = { for: '100ms', max: '150ms', key: 'payload.k', 'max-keys': 2 };
    const { send, wait, left } = startStep(debounceStep, options);
    send({ k: 'a' });
    wait(80);
    send({ k: 'a', n: 2 }, { k: 'b' });
    wait(70);
    expect(left).toEqual(['{"k":"a","n":2}@150']);
    wait(30);
    expect(left.slice(1)).toEqual(['{"k":"b"}@180']);
    send({ k: 'a' }, { k: 'b' }, { k: 'c' });
    expect(left.slice(2)).toEqual(['{"k":"a"}@180']);
  });

  it.each([
    ['200ms', { for: 200 }],
    [
      { for: '200ms', max: '2s' },
      { for: 200, max: 2_000 },
    ],
    [{ max: '2s' }, 'expected a duration such as 250ms, found nothing'],
  ])('reads %j', (options, wanted) => {
    expect(parsed(debounceStep, options)).toEqual(wanted);
  });
});
