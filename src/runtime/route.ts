/** A route while it runs: it claims messages, counts what ends inside it, and decides what failures cost. */
import type { SchedulerLike } from 'rxjs';
import type { OnError } from '../config/plan.ts';
import type { AraldoError, ErrorCode } from '../core/errors.ts';
import type { FanOut } from '../core/fan-out.ts';
import type { Log } from '../core/log.ts';
import type { FailedAt, Holder, Message, RoutePort, Valve } from '../core/message.ts';
import { type DeadLetterOptions, deadLetterOf, lighterLetter } from './dead-letter.ts';
import { limited } from './limited-log.ts';

export interface RouteOptions {
  readonly name: string;
  readonly onError: OnError;
  /** Whether a lost message would have been kept by its source: then nothing is given up silently. */
  readonly canRedeliver: boolean;
  /** The way to the dead letters' endpoint, where `onError` names one. */
  readonly deadLetters?: FanOut | undefined;
  /** The most bytes that a dead letter carries of the message as it came; 1 MiB unless given. */
  readonly maxOriginal?: number;
  /** Where a step or leg stands in the configuration, by its name. */
  readonly placeOf?: (at: string) => string | undefined;
  readonly scheduler: SchedulerLike;
  readonly log: Log;
}

/**
 * At every moment: received + made = joined + forwarded + discarded + failed in steps + inside the steps.
 * Every failure, in a step or a leg, has one fate: dead, returned, given up or kept.
 */
export interface Route extends RoutePort {
  /** Claimed from its sources. */
  readonly received: number;
  /** Handed to the fan-out. */
  forwarded: number;
  /** Made by steps beyond what they were given. */
  readonly madeCount: number;
  /** Joined by steps into others: a batch of ten joins nine. */
  readonly joinedCount: number;
  readonly discardedBy: ReadonlyMap<string, number>;
  /** Failures of all kinds, in steps and legs, by code. */
  readonly failures: ReadonlyMap<ErrorCode, number>;
  /** Failures given to the dead letters. */
  readonly dead: number;
  /** Failures nacked. */
  readonly returned: number;
  /** Failures discarded. */
  readonly givenUp: number;
  /** Failures kept, under `hold`. */
  readonly kept: number;
  /** The error at which the route stopped, under `hold`. */
  readonly heldBy: AraldoError | undefined;
  /** Gives back what `hold` kept, when the route ends. */
  end(): void;
  /**
   * What a reload makes of it: failures from now on cost what is said here, and its counts go on. It stands still at no
   * message any more.
   */
  change(options: RouteOptions): void;
}

/** The default bound of one message. */
const MAX_ORIGINAL = 1024 * 1024;

export function createRoute(given: RouteOptions): Route {
  const { name, log } = given;
  let options = given;
  let { onError, deadLetters } = given;
  let letterOptions = letterOptionsOf(given);
  const discardedBy = new Map<string, number>();
  const failures = new Map<ErrorCode, number>();
  const holder: Holder = { name: `${name} on-error` };
  const valves = new Set<Valve>();
  /** Bounded by the windows of the sources, which are shut from the first one on. */
  const kept: Message[] = [];

  const warn = limited(given.scheduler, (_kind, fields, text) => log.warn({ route: name, ...fields }, text));

  const keep = (message: Message, error: AraldoError): void => {
    if (route.heldBy === undefined) {
      route.heldBy = error;
      const cure = 'fix the cause and reload, or state another on-error';
      log.error(
        { route: name, code: error.code, id: message.id },
        `the route stops at a message: ${error.message}; ${cure}`,
      );
    }
    kept.push(message);
    route.kept += 1;
    valves.add(message.origin.valve);
    message.origin.valve.hold(holder);
  };

  /** What becomes of a dead letter that its own sink refuses: there is no further place for it to go. */
  const lastResort: RoutePort = {
    name,
    claimed: () => undefined,
    discarded: () => undefined,
    made: () => undefined,
    failed(letter, error) {
      const lighter = lighterLetter(letter, error);
      if (lighter !== undefined && deadLetters !== undefined) return deadLetters.offer(lighter);
      warn('dead-letter', { code: error.code, id: letter.id }, `a dead letter was refused: ${error.message}`);
      route.dead -= 1;
      letter.explain('failed', error.code);
      if (options.canRedeliver) return keep(letter, error);
      route.givenUp += 1;
      letter.ack();
    },
  };

  const bury = (message: Message, error: AraldoError, where: FailedAt | undefined, way: FanOut): void => {
    route.dead += 1;
    const { original } = message;
    const letter = message.claim(lastResort);
    message.ack();
    way.offer(deadLetterOf(letter, original, error, where, letterOptions));
  };

  // Counters are fields, not getters: an object of many accessors is a slow one, and this is touched by each message.
  const route: Mutable<Route> = {
    name,
    received: 0,
    forwarded: 0,
    madeCount: 0,
    joinedCount: 0,
    discardedBy,
    failures,
    dead: 0,
    returned: 0,
    givenUp: 0,
    kept: 0,
    heldBy: undefined,
    claimed() {
      route.received += 1;
    },
    discarded(_message, reason) {
      discardedBy.set(reason, (discardedBy.get(reason) ?? 0) + 1);
    },
    made(count) {
      if (count > 0) route.madeCount += count;
      else route.joinedCount -= count;
    },
    failed(message, error, where) {
      failures.set(error.code, (failures.get(error.code) ?? 0) + 1);
      warn(error.code, { code: error.code, id: message.id }, error.message);
      const isLetter = typeof onError === 'object' && deadLetters !== undefined;
      message.explain(isLetter ? 'set-aside' : 'failed', error.code);
      if (onError === 'hold') keep(message, error);
      else if (onError === 'discard') {
        route.givenUp += 1;
        message.ack();
      } else if (onError === 'nack') {
        route.returned += 1;
        message.nack();
      } else if (deadLetters !== undefined) bury(message, error, where, deadLetters);
      else keep(message, error);
    },
    overSettled(message, error) {
      warn(error.code, { code: error.code, id: message.id }, error.message);
    },
    end() {
      route.returned += kept.length;
      for (const message of kept.splice(0)) message.nack();
      route.kept = 0;
      route.heldBy = undefined;
      for (const valve of valves) valve.release(holder);
      valves.clear();
    },
    change(next) {
      options = next;
      onError = next.onError;
      deadLetters = next.deadLetters;
      letterOptions = letterOptionsOf(next);
      route.end();
    },
  };
  return route;
}

function letterOptionsOf({
  name,
  maxOriginal = MAX_ORIGINAL,
  placeOf = () => undefined,
}: RouteOptions): DeadLetterOptions {
  return { route: name, maxOriginal, placeOf };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
