/**
 * The stage on which an operator is examined: a source that obeys its valve, virtual time, what follows the
 * operator, and the books of all obligations. What it sees wrong it throws, with what happened as a timeline.
 */
import { config, Subject, type Subscription, VirtualTimeScheduler } from 'rxjs';
import { type Holder, Message, type Origin, type RoutePort, type Status } from '../core/message.ts';
import type { MessageOperator } from '../core/operator.ts';
import { Wire } from '../core/wire.ts';
import { type Action, type Next, payloadOf } from './operator-script.ts';

export interface StageOptions {
  readonly create: (scheduler: VirtualTimeScheduler) => MessageOperator;
  /** Whether payloads are values, or texts that come as their bytes. */
  readonly carries: 'values' | 'text';
  /** Whether promises take part: then each step gives them time to settle. */
  readonly isAsync: boolean;
  /** The reasons of discards that give a message back to its source. */
  readonly givesBack: readonly string[];
  /** Whether it counts what it drops and gives back by itself: then what the route counts proves nothing. */
  readonly hasOwnBooks: boolean;
}

/** What left the operator. */
export interface Output {
  readonly message: Message;
  readonly payload: unknown;
  readonly atMs: number;
  isSettled: boolean;
}

export interface Stage {
  readonly scheduler: VirtualTimeScheduler;
  readonly outputs: readonly Output[];
  /** How each root was settled, in the order in which they came; `open` for what is not. */
  readonly statuses: readonly (Status | 'open')[];
  /** The most messages that were ever inside, after any action. */
  readonly peakInside: number;
  readonly isHeld: boolean;
  readonly hasCompleted: boolean;
  /** What the operator's error was, if it ended with one. */
  readonly error: { readonly thrown: unknown } | undefined;
  readonly failed: number;
  /** Called for each output as it leaves; without it, outputs wait for `settle`. */
  onOutput: ((output: Output) => void) | undefined;
  /** Whether the source emits also while it is held. */
  isUnruly: boolean;
  play(action: Action): Promise<void>;
  /** Emits at once, also from within `onOutput`. */
  emit(next: Next): void;
  settle(output: Output, status: Status): void;
  /** Everything that follows acks what it has, and time passes, until nothing more happens. */
  rest(): Promise<void>;
  complete(): void;
  fail(error: unknown): void;
  leave(): void;
  /** Throws unless everything that came has been settled, once and well, and nothing is left behind. */
  expectAllSettled(): void;
  /** An error of the law, with the timeline. */
  broken(law: string): Error;
}

interface Root {
  readonly message: Message;
  open: number;
  status: Status | undefined;
  /** The least and the most that its status can be, from what was seen. */
  least: number;
  most: number;
}

const severity: readonly Status[] = ['ack', 'nack', 'reject'];

/** More steps of time than any operator needs to come to rest. */
const MAX_STEPS = 2_000;

/** Schedulings without time passing; beyond, an operator spins. */
const MAX_TURNS = 10_000;

/** As long as anything waits: a day. */
const REST_MS = 86_400_000;

export function createStage(options: StageOptions): Stage {
  const scheduler = new VirtualTimeScheduler();
  const source = new Subject<Message>();
  const roots: Root[] = [];
  const outputs: Output[] = [];
  const holders = new Set<Holder>();
  const downstream: Holder = { name: 'what follows' };
  const events: string[] = [];
  const counts = { received: 0, made: 0, forwarded: 0, discarded: 0, failed: 0 };
  /** What statuses the present action has given: those of the roots that lose an obligation by it. */
  const given = new Set<number>();
  let isLeft = false;

  const note = (who: string, text: string): void => {
    events.push(`${String(scheduler.frame).padStart(8)} ms  ${who.padEnd(9)}  ${text}`);
  };
  const broken = (law: string): Error => new Error(`${law}\n\n${events.join('\n')}\n`);

  const origin: Origin = {
    address: 'laws',
    valve: {
      hold(holder) {
        if (!holders.has(holder)) note('source', `is held by ${holder.name}`);
        holders.add(holder);
      },
      release(holder) {
        if (holders.delete(holder)) note('source', `is released by ${holder.name}`);
      },
    },
    settled(message, status) {
      const root = roots[message.sequence];
      if (root === undefined) throw broken(`a root that no source emitted was settled`);
      note('source', `${message.sequence} is settled: ${status}`);
      if (root.status !== undefined) throw broken(`the root ${message.sequence} was settled twice`);
      root.status = status;
    },
  };

  const route: RoutePort = {
    name: 'laws',
    claimed: () => {
      counts.received += 1;
    },
    made: (count) => {
      counts.made += count;
    },
    discarded(message, reason) {
      note('operator', `discards ${message.sequence}: ${reason}`);
      counts.discarded += 1;
      given.add(options.givesBack.includes(reason) ? 1 : 0);
    },
    failed(message, error) {
      note('operator', `fails ${message.sequence}: ${error.message}`);
      counts.failed += 1;
      given.add(2);
      message.reject();
    },
    overSettled(message) {
      throw broken(`${message.sequence} was settled more often than it had obligations`);
    },
  };

  const inside = (): number =>
    counts.received + counts.made - counts.forwarded - counts.discarded - counts.failed;

  /** Who lost an obligation since the last look lost it by a status that was given since. */
  const balance = (): void => {
    const all = [...given];
    given.clear();
    for (const root of roots) {
      const { open } = root;
      root.open = root.message.obligations;
      if (root.open >= open) continue;
      if (all.length === 0 && options.hasOwnBooks) all.push(0, severity.length);
      if (all.length === 0)
        throw broken(`${root.message.sequence} lost an obligation, and nobody gave it a status`);
      root.least = Math.max(root.least, Math.min(...all));
      root.most = Math.max(root.most, ...all);
    }
    if (inside() < 0 && !options.hasOwnBooks)
      throw broken(`more messages left the operator than came or were made: ${inside()}`);
    stage.peakInside = Math.max(stage.peakInside, inside());
  };

  const turn = (): Promise<void> | undefined =>
    options.isAsync ? new Promise((done) => setImmediate(done)) : undefined;

  /** Time passes up to `end`, and promises settle between its steps. */
  const passTo = async (end: number): Promise<void> => {
    await turn();
    // What was retained since the last look, before any of it is discharged.
    balance();
    for (
      let due = scheduler.actions[0]?.delay;
      due !== undefined && due <= end;
      due = scheduler.actions[0]?.delay
    ) {
      scheduler.maxFrames = due;
      scheduler.flush();
      balance();
      await turn();
    }
    scheduler.frame = end;
    balance();
  };

  const stage: Mutable<Stage> = {
    scheduler,
    outputs,
    peakInside: 0,
    hasCompleted: false,
    error: undefined,
    onOutput: undefined,
    isUnruly: false,
    get statuses() {
      return roots.map(({ status }) => status ?? 'open');
    },
    get isHeld() {
      return holders.size > 0;
    },
    get failed() {
      return counts.failed;
    },
    async play(action) {
      switch (action.do) {
        case 'next':
          if (stage.isUnruly || !stage.isHeld) stage.emit(action);
          break;
        case 'settle': {
          const waiting = outputs.filter(({ isSettled }) => !isSettled);
          const output = waiting[action.which % Math.max(1, waiting.length)];
          if (output !== undefined) stage.settle(output, action.status);
          break;
        }
        case 'wait':
          await passTo(scheduler.frame + action.ms);
          break;
        case 'hold':
          // What follows holds by a message that it has.
          outputs.at(-1)?.message.origin.valve.hold(downstream);
          break;
        case 'release':
          for (const { message } of outputs) message.origin.valve.release(downstream);
          break;
        default:
          action satisfies never;
      }
      await turn();
      balance();
    },
    emit(next) {
      if (isLeft) return;
      const { key } = next;
      const place = roots.length;
      const payload = payloadOf(next);
      const meta = key === undefined ? {} : { key };
      const message =
        options.carries === 'text'
          ? Message.rootOfBytes(Wire.of(Buffer.from(String(payload)), true), meta, origin, place)
          : Message.root(payload, meta, origin, place);
      note('source', `emits ${place}${key === undefined ? '' : ` of ${key}`}: ${shown(payload)}`);
      roots.push({ message, open: 1, status: undefined, least: 0, most: 0 });
      const claimed = message.claim(route);
      message.emitted();
      source.next(claimed);
    },
    settle(output, status) {
      output.isSettled = true;
      note('sink', `settles ${output.message.sequence}: ${status}`);
      given.add(severity.indexOf(status));
      output.message.settle(status);
    },
    async rest() {
      note('rest', 'what follows takes everything, and time passes');
      const end = scheduler.frame + REST_MS;
      for (let step = 0; step < MAX_STEPS; step += 1) {
        for (const output of outputs) {
          output.message.origin.valve.release(downstream);
          if (output.isSettled) continue;
          stage.settle(output, 'ack');
          balance();
        }
        await turn();
        balance();
        if (outputs.some(({ isSettled }) => !isSettled)) continue;
        const due = scheduler.actions[0]?.delay;
        if (due === undefined || due > end) return;
        await passTo(due);
      }
    },
    complete() {
      note('source', 'completes');
      source.complete();
      balance();
    },
    fail(error) {
      note('source', 'fails');
      source.error(error);
      balance();
    },
    leave() {
      note('sink', 'leaves');
      isLeft = true;
      subscription.unsubscribe();
      balance();
    },
    expectAllSettled() {
      for (const { message, status, least, most } of roots) {
        const { sequence } = message;
        if (status === undefined) throw broken(`${sequence} came and was never settled`);
        const level = severity.indexOf(status);
        if (level < least || level > most) {
          throw broken(`${sequence} was settled ${status}; the worst that came of it is ${severity[least]}`);
        }
      }
      if (inside() !== 0 && !options.hasOwnBooks) throw broken(`at rest ${inside()} messages are inside`);
      if (stage.isHeld)
        throw broken(`at rest the source is held by ${[...holders].map(({ name }) => name).join(', ')}`);
      if (scheduler.actions.length > 0) throw broken(`${scheduler.actions.length} timers are left behind`);
    },
    broken,
  };

  endSpinning(scheduler, broken);
  const subscription: Subscription = source.pipe(options.create(scheduler)).subscribe({
    next(message) {
      if (isLeft) throw broken(`${message.sequence} was emitted after what follows had left`);
      note('operator', `emits ${message.sequence}: ${shownPayload(message)}`);
      counts.forwarded += 1;
      const output: Output = { message, payload: message.payload, atMs: scheduler.frame, isSettled: false };
      outputs.push(output);
      stage.onOutput?.(output);
    },
    error(thrown: unknown) {
      note('operator', `ends with an error: ${String(thrown)}`);
      stage.error = { thrown };
    },
    complete() {
      note('operator', 'completes');
      stage.hasCompleted = true;
    },
  });
  return stage;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What RxJS would throw from a timer of its own is the error of the case in which it happened. */
export async function catchingUnhandled(run: () => Promise<void>): Promise<void> {
  const { onUnhandledError } = config;
  const unhandled: unknown[] = [];
  config.onUnhandledError = (thrown) => unhandled.push(thrown);
  try {
    await run();
  } catch (thrown) {
    await timersOfRxjs();
    if (unhandled.length === 0 || !(thrown instanceof Error)) throw thrown;
    thrown.message += `\nThrown meanwhile: ${String(unhandled[0])}`;
    throw thrown;
  } finally {
    await timersOfRxjs();
    config.onUnhandledError = onUnhandledError;
  }
  if (unhandled.length > 0) throw unhandled[0];
}

function timersOfRxjs(): Promise<void> {
  return new Promise((done) => setTimeout(done, 0));
}

/** Work that schedules itself again and again, without time passing, would play for ever. */
function endSpinning(scheduler: VirtualTimeScheduler, broken: (law: string) => Error): void {
  const schedule = scheduler.schedule.bind(scheduler);
  let frame = 0;
  let count = 0;
  scheduler.schedule = (work, delay, state) => {
    count = scheduler.frame === frame ? count + 1 : 0;
    frame = scheduler.frame;
    if (count > MAX_TURNS) throw broken(`the operator schedules itself without end at ${frame} ms`);
    return schedule(work, delay, state);
  };
}

function shownPayload(message: Message): string {
  try {
    return shown(message.payload);
  } catch {
    return 'a payload that cannot be read';
  }
}

function shown(payload: unknown): string {
  try {
    return (JSON.stringify(payload) ?? String(payload)).slice(0, 60);
  } catch {
    return 'a payload that cannot be shown';
  }
}
