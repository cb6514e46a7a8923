/** The check of each law of operators: a case is played on a stage, and what must hold is looked at. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { VirtualTimeScheduler } from 'rxjs';
import type { Message } from '../core/message.ts';
import type { MessageOperator } from '../core/operator.ts';
import type { Action, Next, ScriptOptions } from './operator-script.ts';
import { catchingUnhandled, type Output, type Stage } from './operator-stage.ts';

export type Create = (scheduler: VirtualTimeScheduler) => MessageOperator;

/** An operator with what can happen to it. */
export interface Trial extends ScriptOptions {
  readonly create: Create;
  readonly scripts: fc.Arbitrary<readonly Action[]>;
  readonly messages: fc.Arbitrary<readonly Next[]>;
  /** Whether promises take part: then others may have to wait for a bad message, and that is no change. */
  readonly isAsync: boolean;
  readonly stageOf: (create: Create) => Stage;
}

/** Rejects with the smallest case that breaks the law. */
export type Check = (settings: object) => Promise<void>;

function law<Case>(cases: fc.Arbitrary<Case>, holds: (each: Case) => Promise<void>): Check {
  return (settings) =>
    catchingUnhandled(() =>
      fc.assert(fc.asyncProperty(cases, holds), { ...settings, includeErrorInReport: true }),
    );
}

export function settlesAll({ create, stageOf, scripts }: Trial): Check {
  return law(scripts, async (script) => {
    const stage = stageOf(create);
    await playOut(stage, script);
    stage.expectAllSettled();
    if (!stage.hasCompleted) throw stage.broken('its source completed, and it did not');
    if (stage.error !== undefined) throw stage.broken('it ended with an error, which no message may cause');
  });
}

export function givesBackWhenLeft({ create, stageOf, scripts }: Trial): Check {
  return law(scripts, async (script) => {
    const stage = stageOf(create);
    for (const action of script) await stage.play(action);
    stage.leave();
    const isDownstream = stage.outputs.some(({ isSettled }) => !isSettled);
    if (!isDownstream && stage.statuses.includes('open'))
      throw stage.broken('it was left, and kept what nobody has');
    await stage.rest();
    stage.expectAllSettled();
  });
}

export function givesBackWithinEmission({ create, stageOf, messages }: Trial): Check {
  return law(fc.tuple(messages, fc.nat(8)), async ([messages, last]) => {
    const stage = stageOf(create);
    stage.onOutput = () => {
      if (stage.outputs.length > last) stage.leave();
    };
    for (const message of messages) await stage.play(message);
    await stage.play({ do: 'wait', ms: 60_000 });
    stage.onOutput = undefined;
    stage.leave();
    await stage.rest();
    stage.expectAllSettled();
  });
}

export function passesErrorsOn({ create, stageOf, scripts }: Trial): Check {
  return law(scripts, async (script) => {
    const stage = stageOf(create);
    for (const action of script) await stage.play(action);
    const error = new Error('the source failed');
    stage.fail(error);
    await stage.rest();
    if (stage.error?.thrown !== error) throw stage.broken('the error of its source did not come out');
    stage.expectAllSettled();
  });
}

export function makesNothingOfNothing({ create, stageOf, waitsMs }: Trial): Check {
  return law(waitsMs, async (ms) => {
    const stage = stageOf(create);
    await stage.play({ do: 'wait', ms });
    if (stage.hasCompleted) throw stage.broken('it completed before its source');
    stage.complete();
    if (!stage.hasCompleted) throw stage.broken('it did not complete with an empty source');
    if (stage.outputs.length > 0) throw stage.broken('it made a message of nothing');
    stage.expectAllSettled();
  });
}

/** What follows settles at once, and has the source emit more before and after it does. */
export function isReentrant({ create, stageOf, messages, statuses }: Trial): Check {
  return law(fc.tuple(messages, fc.array(statuses)), async ([messages, statuses]) => {
    const stage = stageOf(create);
    let at = 0;
    const emitNext = (): void => {
      const next = messages[at];
      at += 1;
      if (next !== undefined) stage.emit(next);
    };
    stage.onOutput = (output) => {
      const place = stage.outputs.length;
      if (place % 2 === 0) emitNext();
      stage.settle(output, statuses[place] ?? 'ack');
      if (place % 3 === 0) emitNext();
    };
    while (at < messages.length) {
      emitNext();
      await stage.play({ do: 'wait', ms: 1 });
    }
    await playOut(stage, []);
    stage.expectAllSettled();
  });
}

export function beginsAnew({ create, stageOf, scripts, messages }: Trial): Check {
  return law(fc.tuple(scripts, messages), async ([before, messages]) => {
    let shared: MessageOperator | undefined;
    const first = stageOf((scheduler) => {
      shared = create(scheduler);
      return shared;
    });
    for (const action of before) await first.play(action);
    first.leave();
    // Their time is that of the scheduler that each was made with: here, all happens at one moment.
    const [again, alone] = [stageOf(() => shared as MessageOperator), stageOf(create)];
    for (const stage of [again, alone]) {
      for (const message of messages) await stage.play(message);
      stage.complete();
      stage.leave();
    }
    if (isSame(again.outputs, alone.outputs)) return;
    const seen = `${again.outputs.length} messages, and ${alone.outputs.length} when it is alone`;
    throw again.broken(`the first subscriber changed what the second sees: ${seen}`);
  });
}

export function isBounded({ create, stageOf, messages }: Trial, holds: number): Check {
  return law(messages, async (messages) => {
    const stage = stageOf(create);
    // Twice over, and some more: what has no bound is found out by then.
    for (let place = 0; place < holds * 2 + 32 && !stage.isHeld; place += 1)
      await stage.play(messages[place % messages.length] as Action);
    if (stage.peakInside > holds)
      throw stage.broken(`${stage.peakInside} messages were inside, and at most ${holds} may be`);
    await stage.rest();
    if (stage.isHeld) throw stage.broken('its source is still held, with nothing left downstream');
    await playOut(stage, []);
    stage.expectAllSettled();
  });
}

/** A message has the place of the oldest that it was made of. */
export function keepsOrder({ create, stageOf, scripts }: Trial, key: (message: Message) => unknown): Check {
  return law(scripts, async (script) => {
    const stage = stageOf(create);
    await playOut(stage, script);
    const newest = new Map<unknown, number>();
    for (const { message } of stage.outputs) {
      const last = newest.get(key(message)) ?? 0;
      if (message.sequence < last)
        throw stage.broken(`${message.sequence} left after ${last}, which came later`);
      newest.set(key(message), message.sequence);
    }
  });
}

/** What becomes of others is the same whether bad messages come between them or not. */
export function containsFailures(
  { stageOf, scripts, isAsync }: Trial,
  payload: unknown,
  create: Create,
): Check {
  const bad: Action = { do: 'next', payload, key: 'a' };
  const places = fc.uniqueArray(fc.nat(8), { minLength: 1, maxLength: 4 });

  // A bad message has its time and its place among those under way, so at one moment others may be downstream than
  // without it: whom a settlement finds there would not be the same.
  const scriptsFor = isAsync
    ? scripts.map((script) => script.filter((action) => action.do !== 'settle'))
    : scripts;

  return law(fc.tuple(scriptsFor, places), async ([script, places]) => {
    const [harmed, alone] = [stageOf(create), stageOf(create)];
    // A bad message may hold the source while it waits: here, that changes nothing of what comes.
    harmed.isUnruly = true;
    alone.isUnruly = true;
    const isBad: boolean[] = [];
    for (let place = 0; place < Math.max(script.length, 9); place += 1) {
      if (places.includes(place)) {
        isBad.push(true);
        await harmed.play(bad);
      }
      const action = script[place];
      if (action === undefined) continue;
      if (action.do === 'next') isBad.push(false);
      await harmed.play(action);
      await alone.play(action);
    }
    for (const stage of [harmed, alone]) {
      await playOut(stage, []);
      stage.expectAllSettled();
    }
    const count = harmed.failed - alone.failed;
    if (count !== places.length)
      throw harmed.broken(`${places.length} bad messages came, and ${count} failed`);
    const others = harmed.statuses.filter((_status, place) => isBad[place] !== true);
    if (!isDeepStrictEqual(others, alone.statuses))
      throw harmed.broken('a bad message changed how others were settled');
    if (!isSame(harmed.outputs, alone.outputs, isAsync))
      throw harmed.broken('a bad message changed what became of others, or when');
  });
}

/** A case to its end: all that happens, rest, and the end of the source. */
async function playOut(stage: Stage, script: readonly Action[]): Promise<void> {
  for (const action of script) await stage.play(action);
  await stage.rest();
  stage.complete();
  await stage.rest();
}

function isSame(some: readonly Output[], others: readonly Output[], atAnyTime = false): boolean {
  const isAlike = ({ payload, atMs }: Output, other: Output | undefined): boolean =>
    (atAnyTime || atMs === other?.atMs) && isEqual(payload, other?.payload);
  return some.length === others.length && some.every((output, place) => isAlike(output, others[place]));
}

/** A payload that throws when it is looked at has no other like it in a case. */
function isEqual(payload: unknown, other: unknown): boolean {
  try {
    return isDeepStrictEqual(payload, other);
  } catch {
    return true;
  }
}
