/** A server under measurement: araldo, or one that it is compared with. */
import type { Certificate } from '../../test/certificate.ts';
import type { Wire } from '../generator/wire.ts';

/**
 * What it does with messages: everything to everyone on the other side; everything to everyone else on the same
 * side; everything to those in the room that it was sent to.
 */
export type Shape = 'broadcast' | 'chat' | 'rooms';

export interface System {
  readonly name: string;
  readonly shapes: readonly Shape[];
  /** Whether it can be started with a certificate. */
  readonly hasTls: boolean;
  /** Installs it where that may be done. Rejects nothing: what is missing is left out and named. */
  prepare(): Availability;
  /** With a certificate its wires are over TLS. */
  start(shape: Shape, certificate?: Certificate): Promise<Running>;
}

export type Availability = { readonly version: string } | { readonly missing: string };

export interface Running {
  readonly pid: number;
  readonly startMs: number;
  readonly startCpuMs: number;
  readonly publish: Wire;
  readonly subscribe: Wire;
  stop(): Promise<void>;
}
