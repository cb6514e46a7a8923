import { debounceTime, Subject, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/core/message.ts';
import { rxStep } from '../../src/core/step-rx.ts';
import { createStepWatch } from '../../src/runtime/step-watch.ts';
import { createLedger } from '../operators/ledger.ts';
import { pass } from '../virtual-time.ts';

/** A raw `debounceTime`, looked at every second. */
function start() {
  const scheduler = new VirtualTimeScheduler();
  const ledger = createLedger();
  const stepWatch = createStepWatch(scheduler);
  const source = new Subject<Message>();
  const passed: Message[] = [];
  source
    .pipe(
      rxStep('orders.via[0] ./debounce.ts', debounceTime(100, scheduler), {
        isOpaque: false,
        watch: stepWatch.watch,
      }),
    )
    .subscribe((message) => passed.push(message));
  return {
    ledger,
    stepWatch,
    passed,
    send: (payload: unknown) => source.next(ledger.claimed(payload)),
    lookFor(seconds: number): void {
      for (let second = 0; second < seconds; second += 1) {
        pass(scheduler, 1_000);
        stepWatch.look();
      }
    },
  };
}

describe('stepWatch', () => {
  it('tells how many messages a raw operator has lost, and for how long', () => {
    const { send, lookFor, stepWatch, passed, ledger } = start();
    for (const payload of ['a', 'b', 'c']) send(payload);
    lookFor(5);
    expect(passed.map(({ payload }) => payload)).toEqual(['c']);
    expect(ledger.statuses).toEqual(['open', 'open', 'open']);
    expect(stepWatch.steps).toEqual([{ name: 'orders.via[0] ./debounce.ts', held: 2, oldestMs: 4_000 }]);
  });

  it('begins to count with another message when the oldest has left', () => {
    const { send, lookFor, stepWatch, passed } = start();
    for (let second = 0; second < 5; second += 1) {
      send(second);
      lookFor(1);
      passed.at(-1)?.ack();
    }
    expect(passed).toHaveLength(5);
    expect(stepWatch.steps).toEqual([{ name: 'orders.via[0] ./debounce.ts', held: 0, oldestMs: 0 }]);
  });

  it('does not watch over a step that acks what it takes', () => {
    const { watch, steps } = createStepWatch(new VirtualTimeScheduler());
    new Subject<Message>().pipe(rxStep('opaque', (source) => source, { isOpaque: true, watch })).subscribe();
    expect(steps).toEqual([]);
  });
});
