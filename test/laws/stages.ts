// The oracle of laws 2, 4 and 14 for steps: what goes into each, what the code in it said, and what must come out.

import { numberOf, type Reader } from './payload.ts';
import type { Report } from './settlement.ts';
import type { RouteSpec } from './topology.ts';

/** How a message ends inside a step. */
export type Ending = 'filtered' | 'empty' | 'step-failed' | 'step-ended' | 'step-timeout';

export interface Stages {
  /** A message comes to the step at `stage`; to the fan-out, after the last. */
  arrived(stage: number, payload: string): void;
  /** What the code of a `fn` or `async` step makes of a message; its results leave in the order they came in. */
  answered(stage: number, payload: string, outputs: readonly string[]): void;
  /** An rx step is about to emit this. */
  emits(stage: number, payload: string): void;
  /** The message must end in its step, in this way. */
  mustEnd(payload: string, ending: Ending): void;
  /** It did. Whether it had to. */
  ended(payload: string, ending: string): void;
  atRest(): void;
}

interface Input {
  readonly payload: string;
  /** Unset until the code has answered. */
  outputs: readonly string[] | undefined;
  out: number;
}

export function createStages(name: string, route: RouteSpec, read: Reader, report: Report): Stages {
  /** By stage and source: what came in and has not come out, the oldest first. */
  const inside = route.via.map(() => new Map<number, Input[]>());
  const inputs = route.via.map(() => new Map<string, Input>());
  const emitting: (string | undefined)[] = [];
  const entered: number[] = [];
  const endings = new Map<string, Ending>();

  const sourceOf = (payload: string): number => read(payload)[0]?.source ?? 0;
  const isOrdered = (stage: number): boolean => {
    const kind = route.via[stage]?.kind;
    return kind === 'fn' || kind === 'async';
  };

  const leave = (stage: number, payload: string): void => {
    if (!isOrdered(stage)) {
      if (emitting[stage] !== payload) report([2, 14], `${name} step ${stage} emits ${payload} unasked`);
      emitting[stage] = undefined;
      return;
    }
    const line = inside[stage]?.get(sourceOf(payload)) ?? [];
    while (line.length > 0 && line[0]?.outputs !== undefined && line[0].out === line[0].outputs.length) {
      line.shift();
    }
    const first = line[0];
    const expected = first?.outputs?.[first.out];
    if (first === undefined || expected !== payload) {
      report([2, 3, 14], `${name} step ${stage} emits ${payload}; expected ${expected ?? 'nothing'}`);
      return;
    }
    first.out += 1;
  };

  return {
    arrived(stage, payload) {
      if (stage > 0) leave(stage - 1, payload);
      const step = route.via[stage];
      if (step?.kind === 'ends') {
        const count = (entered[stage] ?? 0) + 1;
        entered[stage] = count;
        if (count > step.after) endings.set(payload, 'step-ended');
      }
      if (step === undefined || !isOrdered(stage)) return;
      const input: Input = { payload, outputs: undefined, out: 0 };
      const source = sourceOf(payload);
      const line = inside[stage]?.get(source);
      if (line === undefined) inside[stage]?.set(source, [input]);
      else line.push(input);
      inputs[stage]?.set(payload, input);
    },

    answered(stage, payload, outputs) {
      const input = inputs[stage]?.get(payload);
      if (input === undefined)
        report(14, `${name} step ${stage} is called with ${payload}, which never came`);
      else input.outputs = outputs;
    },

    emits(stage, payload) {
      emitting[stage] = payload;
    },

    mustEnd(payload, ending) {
      endings.set(payload, ending);
    },

    ended(payload, ending) {
      const expected = endings.get(payload);
      if (expected !== ending) {
        report([2, 14], `${name}: ${payload} ends as ${ending}; expected ${expected ?? 'it to go on'}`);
      }
      endings.delete(payload);
    },

    atRest() {
      for (const [payload, ending] of endings) {
        report([1, 14], `${name}: ${payload} should have ended as ${ending}`);
      }
      inside.forEach((lines, stage) => {
        for (const input of [...lines.values()].flat()) {
          if (input.outputs === undefined)
            report([2, 12, 14], `${name} step ${stage} never ran ${input.payload}`);
          else if (input.out < input.outputs.length) {
            const missing = input.outputs.slice(input.out).join(' ');
            report([2, 12, 14], `${name} step ${stage} owes ${missing} for ${input.payload}`);
          }
        }
      });
    },
  };
}

/** The entry of a plan that decides about a message. */
export function planned<T>(plan: readonly T[], payload: string, read: Reader): T {
  return plan[numberOf(read(payload)) % plan.length] as T;
}
