/** What routes are compiled from: the parts of the configuration, made. */
import type { SchedulerLike } from 'rxjs';
import type { Configuration } from '../config/configuration.ts';
import type { Endpoint } from '../core/endpoint.ts';
import { AraldoError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Marshaller } from '../core/marshaller.ts';
import type { Spills } from './spills.ts';

export interface CompileContext {
  readonly configuration: Configuration;
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly marshallers: ReadonlyMap<string, Marshaller>;
  /** The disk parts of the legs that spill. */
  readonly spills?: Spills;
  readonly scheduler: SchedulerLike;
  /** From [0, 1), for each leg its own: the jitter of its retries. `Math.random` unless given. */
  readonly random?: ((leg: string) => () => number) | undefined;
  readonly log: Log;
}

/** Throws an `AraldoError` (`unknown-endpoint`). */
export function endpointNamed(context: CompileContext, name: string): Endpoint {
  const endpoint = context.endpoints.get(name);
  if (endpoint === undefined) throw new AraldoError('unknown-endpoint', `no endpoint is named ${name}`);
  return endpoint;
}

/** What an endpoint's bytes are read and made with; nothing where they pass as they are. */
export function marshallerOf(context: CompileContext, endpoint: string): Marshaller | undefined {
  const name = context.configuration.endpoints.get(endpoint)?.plan.marshal;
  return name === undefined || name === 'none' ? undefined : context.marshallers.get(name);
}
