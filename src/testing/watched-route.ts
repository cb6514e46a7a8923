/** Listens in at every joint of a compiled route: what each step takes and gives, what each leg is offered. */
import { Observable, tap } from 'rxjs';
import type { Configuration, RoutePart, StepPart } from '../config/configuration.ts';
import type { AraldoError } from '../core/errors.ts';
import type { Leg } from '../core/leg.ts';
import type { Message } from '../core/message.ts';
import { type MessageOperator, type OperatorDefinition, stepOf } from '../core/operator.ts';
import type { PreparedRoute } from '../runtime/compile.ts';
import type { Route } from '../runtime/route.ts';

export interface RouteWitness {
  /** Whether a step is to throw at this message. Asked once for each that comes. */
  isPoisoned(place: string, message: Message): boolean;
  /** A message comes to a step; `place` is its name. */
  entered(place: string, message: Message): void;
  left(place: string, message: Message): void;
  discarded(route: string, message: Message, reason: string): void;
  failed(route: string, message: Message, error: AraldoError): void;
  overSettled(route: string, message: Message): void;
  /** A leg is offered a message. */
  offered(leg: Leg, message: Message): void;
  /** Something waits in a leg that was just offered a message. */
  queued(leg: Leg): void;
  /** A leg's condition was not true of a message. */
  filtered(leg: Leg, message: Message): void;
  /** A message could not be made ready for the sink of a leg. */
  unready(leg: Leg, message: Message): void;
  /** A leg has given messages up, since it was last asked. */
  dropped(leg: Leg, reason: string, count: number): void;
}

/** The same route, whose steps tell what comes and goes. */
export function watchedSteps(part: RoutePart, witness: RouteWitness): RoutePart {
  const name = part.plan.name;
  return {
    ...part,
    steps: part.steps.map((step, index) => watchedStep(step, nameOfStep(name, index, step), witness)),
  };
}

/** The names of all steps, as compile gives them. */
export function stepNames({ routes }: Configuration): readonly string[] {
  return [...routes].flatMap(([route, { steps }]) =>
    steps.map((step, index) => nameOfStep(route, index, step)),
  );
}

function nameOfStep(route: string, index: number, step: StepPart): string {
  return `${route}.via[${index}] ${step.plan.use}`;
}

function watchedStep(step: StepPart, place: string, witness: RouteWitness): StepPart {
  const { definition } = step;
  return {
    ...step,
    definition: {
      kind: 'rx',
      // What it is in truth is fenced within.
      obligations: 'contained',
      name: definition.name,
      summary: definition.summary,
      options: definition.options,
      create: (options, context) =>
        watched(stepOf(poisonable(definition, place, witness), options, context), place, witness),
    },
  };
}

/** The same step, which throws when it is told to. */
function poisonable(
  definition: OperatorDefinition,
  place: string,
  witness: RouteWitness,
): OperatorDefinition {
  const check = (message: Message): void => {
    if (witness.isPoisoned(place, message)) throw new Error('poisoned by the test');
  };
  switch (definition.kind) {
    case 'fn':
      return {
        ...definition,
        create(options, context) {
          const run = definition.create(options, context);
          return (message: Message) => {
            check(message);
            return run(message);
          };
        },
      };
    case 'async':
      return {
        ...definition,
        create(options, context) {
          const run = definition.create(options, context);
          return (message, signal) => {
            check(message);
            return run(message, signal);
          };
        },
      };
    case 'rx':
      return definition;
    default:
      return definition satisfies never;
  }
}

function watched(operator: MessageOperator, place: string, witness: RouteWitness): MessageOperator {
  return (source) =>
    new Observable((subscriber) =>
      source
        .pipe(
          tap((message) => witness.entered(place, message)),
          operator,
          tap((message) => witness.left(place, message)),
        )
        .subscribe(subscriber),
    );
}

/** Before the first message: what a route decides, and what its legs do, is told as well. */
export function watchRoute({ running, inlet, newLegs }: PreparedRoute, witness: RouteWitness): void {
  // One that was there before is listened to already.
  if (inlet === undefined) watchFates(running.route, witness);
  for (const leg of newLegs) watchLeg(leg, witness);
}

function watchFates(route: Route, witness: RouteWitness): void {
  const discarded = route.discarded.bind(route);
  const failed = route.failed.bind(route);
  const overSettled = route.overSettled?.bind(route);
  route.discarded = (message, reason) => {
    witness.discarded(route.name, message, reason);
    discarded(message, reason);
  };
  route.failed = (message, error, where) => {
    witness.failed(route.name, message, error);
    failed(message, error, where);
  };
  route.overSettled = (message, error) => {
    witness.overSettled(route.name, message);
    overSettled?.(message, error);
  };
}

function watchLeg(leg: Leg, witness: RouteWitness): void {
  const told = new Map<string, number>();
  const tellDrops = (): void => {
    for (const [reason, count] of leg.discarded) {
      const before = told.get(reason) ?? 0;
      told.set(reason, count);
      if (reason !== 'filtered' && count > before) witness.dropped(leg, reason, count - before);
    }
  };
  const offer = leg.offer.bind(leg);
  leg.offer = (message) => {
    witness.offered(leg, message);
    offer(message);
    tellDrops();
    if (leg.depth > 0) witness.queued(leg);
  };
  const discard = leg.discard.bind(leg);
  leg.discard = (message, reason) => {
    witness.filtered(leg, message);
    discard(message, reason);
  };
  const refuseFailed = leg.refuseFailed.bind(leg);
  leg.refuseFailed = (message, error) => {
    witness.unready(leg, message);
    refuseFailed(message, error);
  };
  const lost = leg.lost.bind(leg);
  leg.lost = () => {
    lost();
    tellDrops();
  };
}
