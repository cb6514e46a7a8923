/** What is allowed and probably not meant: circles without an end, acks for what may be dropped. */
import type { Place } from '../core/errors.ts';
import { isLossy } from '../core/overflow.ts';
import type { Warning } from './configuration.ts';
import { carriesMeta, endlessCircles, type Parts, waitingCircles } from './returns.ts';

/** Reports a warning. */
export type Warn = (place: Place, text: string) => void;

/** More of them nobody reads. */
const MAX_WARNINGS = 100;

export function createWarnings(): { readonly warn: Warn; readonly all: readonly Warning[] } {
  const all: Warning[] = [];
  return {
    all,
    warn: (place, text) => {
      if (all.length < MAX_WARNINGS) all.push({ text, place });
    },
  };
}

export function warnOfRoutes(parts: Parts, warn: Warn): void {
  const { routes, endpoints } = parts;
  for (const { plan, place } of routes.values()) {
    const acking = plan.from.find((name) => endpoints.get(name)?.capabilities.source?.acks === true);
    if (acking === undefined || !plan.to.every(({ overflow }) => isLossy(overflow))) continue;
    warn(
      place,
      `${acking} keeps a message until it is acknowledged, but every leg of this route acknowledges what it may ` +
        'drop; give one leg overflow: pause',
    );
  }
  for (const { plan, place } of routes.values()) {
    const letters = typeof plan.onError === 'object' ? endpoints.get(plan.onError.deadLetter) : undefined;
    if (letters === undefined || carriesMeta(letters, parts.marshallers)) continue;
    const { name } = letters.plan;
    warn(
      place,
      `${name} sends payloads alone: why a dead letter failed, where, and the bytes that it came as stay behind; ` +
        `give ${name} a marshaller with an envelope, such as { id: marshal-json, envelope: true }`,
    );
  }
  for (const { plan, capabilities, place } of endpoints.values()) {
    const isRead = [...routes.values()].some((route) => route.plan.from.includes(plan.name));
    const isAnswered = [...routes.values()].some((route) => route.plan.to.some(({ to }) => to === plan.name));
    if (capabilities.source?.asks === undefined || !isRead || isAnswered) continue;
    warn(
      place,
      `${plan.name} states reply, and no route leads back to it: no request is ever answered; add a route from the ` +
        `endpoint that reads the answers to ${plan.name}`,
    );
  }
  const waiting = waitingCircles(parts);
  for (const circle of waiting) {
    warnOfCircle(
      circle,
      'is a circle in which every leg pauses: full, it would wait for itself for ever; give one leg ' +
        'overflow: drop-oldest, or filter what has been here (meta.endpoint)',
    );
  }
  for (const circle of endlessCircles(parts)) {
    if (waiting.some((other) => other.some((name) => circle.includes(name)))) continue;
    warnOfCircle(
      circle,
      'is a circle: each message comes back and goes round for ever, for no count of its hops travels with it; ' +
        'filter what has been here, or have a marshaller with an envelope carry the count',
    );
  }

  function warnOfCircle(circle: readonly string[], text: string): void {
    const [first = ''] = circle;
    warn(routes.get(first)?.place ?? {}, `${[...circle, first].join(' → ')} ${text}`);
  }
}
