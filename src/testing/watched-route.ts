/** Listens in at every joint of a compiled route: what each step takes and gives, what each leg is offered. */
import { Observable, tap } from 'rxjs';
import type { RoutePart, StepPart } from '../config/configuration.ts';
import type { AraldoError } from '../core/errors.ts';
import type { Leg } from '../core/leg.ts';
import type { Message } from '../core/message.ts';
import { type MessageOperator, stepOf } from '../core/operator.ts';
import type { RunningRoute } from '../runtime/compile.ts';

export interface RouteWitness {
  /** A message comes to a step; `place` is its name. */
  entered(place: string, message: Message): void;
  left(place: string, message: Message): void;
  discarded(route: string, message: Message, reason: string): void;
  failed(route: string, message: Message, error: AraldoError): void;
  overSettled(route: string, message: Message): void;
  /** A leg is offered a message. */
  offered(leg: Leg, message: Message): void;
  /** A leg's condition was not true of a message. */
  filtered(leg: Leg, message: Message): void;
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

/** As compile names it. */
export function nameOfStep(route: string, index: number, step: StepPart): string {
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
      create: (options, context) => watched(stepOf(definition, options, context), place, witness),
    },
  };
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
export function watchRoute({ route, legs, deadLetters }: RunningRoute, witness: RouteWitness): void {
  const { discarded, failed, overSettled } = route;
  route.discarded = (message, reason) => {
    witness.discarded(route.name, message, reason);
    discarded(message, reason);
  };
  route.failed = (message, error) => {
    witness.failed(route.name, message, error);
    failed(message, error);
  };
  route.overSettled = (message, error) => {
    witness.overSettled(route.name, message);
    overSettled?.(message, error);
  };
  for (const { leg } of legs) watchLeg(leg, witness);
  if (deadLetters !== undefined) watchLeg(deadLetters, witness);
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
  };
  const discard = leg.discard.bind(leg);
  leg.discard = (message, reason) => {
    witness.filtered(leg, message);
    discard(message, reason);
  };
  const lost = leg.lost.bind(leg);
  leg.lost = () => {
    lost();
    tellDrops();
  };
}
