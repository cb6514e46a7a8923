/** An endpoint that a route reads, as far as its legs depend on it. */
import type { Capabilities } from '../core/endpoint.ts';

export interface RouteSource {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** How much of it may be unsettled. */
  readonly maxInFlight: number;
}
