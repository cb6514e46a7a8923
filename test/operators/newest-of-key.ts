// What every operator does that keeps the newest message of each key until its time: debounce and sample.

import { type Observable, Subject, take, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it, test } from 'vitest';
import type { Message } from '../../src/core/message.ts';
import type { MessageOperator } from '../../src/core/operator.ts';
import { operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';
import { createLedger } from './ledger.ts';
import { poisonedKey } from './poisoned.ts';
import { parsed, startStep, timed } from './timed.ts';

export interface KeepingOptions {
  readonly key?: (message: Message) => unknown;
  readonly maxKeys?: number;
  readonly flushOn?: Observable<unknown>;
  readonly scheduler: VirtualTimeScheduler;
}

export interface KeepingOperator {
  /** The operator, whose messages leave after 10 ms or a little more. */
  readonly create: (options: KeepingOptions) => MessageOperator;
  readonly step: Parameters<typeof parsed>[0] & { readonly order?: (options: never) => unknown };
  /** The option of the step that says how long; it takes `key` beside it. */
  readonly time: string;
}

/** Registers its laws and what it has in common with the others. */
export function walkNewestOfKey(name: string, { create, step, time }: KeepingOperator): void {
  for (const law of operatorLaws(name, {
    create: (scheduler) => create({ key: ({ meta }) => meta.key, maxKeys: 3, scheduler }),
    order: 'key',
    holds: 3,
    poison: { payload: 'poison', create: (scheduler) => create({ key: poisonedKey, scheduler }) },
  })) {
    test(law.name, () => law.check(runs({ share: 0.05, quick: 0.6 })));
  }

  describe(`${name}, which keeps the newest message of a key`, () => {
    it('lets what waits leave when its source completes, and whenever it is told to', () => {
      const flushOn = new Subject<void>();
      const started = timed((scheduler) => create({ flushOn, scheduler }));
      started.send('a');
      flushOn.next();
      started.send('b');
      started.complete();
      expect(started.left).toEqual(['a@0', 'b@0']);
      expect(started.hasCompleted).toBe(true);
      expect(started.scheduler.actions).toEqual([]);
    });

    it('keeps for its own time what comes while all leave', () => {
      const source = new Subject<Message>();
      const flushOn = new Subject<void>();
      const scheduler = new VirtualTimeScheduler();
      const ledger = createLedger();
      const left: unknown[] = [];
      source.pipe(create({ key: byPayload, flushOn, scheduler })).subscribe(({ payload }) => {
        left.push(payload);
        if (left.length < 3) source.next(ledger.claimed(`after ${left.length}`));
      });
      source.next(ledger.claimed('a'));
      source.next(ledger.claimed('b'));
      flushOn.next();
      expect(left).toEqual(['a', 'b']);
      scheduler.flush();
      expect(left).toEqual(['a', 'b', 'after 1', 'after 2']);
    });

    it('gives back what is left when what follows leaves meanwhile', () => {
      const source = new Subject<Message>();
      const ledger = createLedger();
      const scheduler = new VirtualTimeScheduler();
      source.pipe(create({ key: byPayload, scheduler }), take(1)).subscribe();
      for (const payload of ['a', 'b', 'c']) source.next(ledger.claimed(payload));
      source.complete();
      expect(ledger.statuses).toEqual(['open', 'nack', 'nack']);
      expect(ledger.discarded).toEqual(['step-ended', 'step-ended']);
    });
  });

  describe(`the step ${name}, which keeps the newest message of a key`, () => {
    it('names itself by its place when it fails a message', () => {
      const { send, ledger } = startStep(step, { [time]: '1s', key: 'payload.k' });
      send({});
      expect(ledger.failed[0]?.message.split(': ')[0]).toBe(`step orders.via[0] ${name}`);
    });

    it('lets what it has leave when its route is drained', () => {
      const flushOn = new Subject<void>();
      const { send, left } = startStep(step, '1s', flushOn);
      send(1);
      flushOn.next();
      expect(left).toEqual(['1@0']);
    });

    it('keeps the order of all, or of each key where it has one', () => {
      const orderOf = (written: unknown): unknown => step.order?.(parsed(step, written) as never);
      expect(orderOf('1s')).toBe('all');
      expect(orderOf({ [time]: '1s', key: 'payload.k' })).toBe('key');
    });
  });
}

function byPayload({ payload }: Message): unknown {
  return payload;
}
