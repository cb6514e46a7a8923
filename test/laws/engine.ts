// The face of the flow engine that the laws examine, so that they can examine a broken copy of it as well.

import { fallback, hashed, roundRobin } from '../../src/core/choice.ts';
import { Endpoint } from '../../src/core/endpoint.ts';
import { AraldoError } from '../../src/core/errors.ts';
import { FanOut } from '../../src/core/fan-out.ts';
import { Leg } from '../../src/core/leg.ts';
import { Message } from '../../src/core/message.ts';
import { stepOf } from '../../src/core/operator.ts';

export interface Engine {
  readonly Endpoint: typeof Endpoint;
  readonly AraldoError: typeof AraldoError;
  readonly FanOut: typeof FanOut;
  readonly Leg: typeof Leg;
  readonly Message: typeof Message;
  readonly stepOf: typeof stepOf;
  readonly roundRobin: typeof roundRobin;
  readonly fallback: typeof fallback;
  readonly hashed: typeof hashed;
}

/** The one in src/core. */
export const engine: Engine = {
  Endpoint,
  AraldoError,
  FanOut,
  Leg,
  Message,
  stepOf,
  roundRobin,
  fallback,
  hashed,
};

/** The files that it comes from, in src/core. */
export const engineFiles: readonly string[] = [
  'choice.ts',
  'endpoint.ts',
  'errors.ts',
  'fan-out.ts',
  'leg.ts',
  'message.ts',
  'operator.ts',
];
