/** An endpoint of a configuration, with a model of its outside world in place of the real one. */
import type { EndpointPart } from '../config/configuration.ts';
import { Endpoint, type EndpointOptions } from '../core/endpoint.ts';
import { AraldoError } from '../core/errors.ts';
import type { Transport } from '../core/transport.ts';
import { createModelledSink, type ModelledSink, type ModelledSinkOptions } from './modelled-sink.ts';
import { createModelledSource, type ModelledSource, type SourceWitness } from './modelled-source.ts';
import type { Life } from './virtual-clock.ts';

/** It outlives the relay that is connected to it, and is there when that is started again. */
export interface ModelledEndpoint {
  readonly name: string;
  /** Absent where the endpoint cannot be a source. */
  readonly source: ModelledSource | undefined;
  readonly sink: ModelledSink;
  readonly isDown: boolean;
  /** The endpoint of one life of the relay, over this outside world. */
  create(options: EndpointOptions, life: Life): Endpoint;
  readonly down: () => void;
  readonly up: () => void;
  /** The relay is gone without a word. */
  killed(): void;
}

export interface EndpointWitness {
  /** A write begins. */
  enter(): void;
  leave(): void;
  /** The connection is gone. */
  down(endpoint: string): void;
  /** It can be opened again. */
  up(endpoint: string): void;
}

export interface ModelledEndpointOptions {
  readonly part: EndpointPart;
  readonly isCumulative: boolean;
  readonly sourceWitness: SourceWitness;
  readonly sink: Omit<ModelledSinkOptions, 'name'>;
  readonly witness: EndpointWitness;
}

export function createModelledEndpoint(options: ModelledEndpointOptions): ModelledEndpoint {
  const { part, isCumulative, sourceWitness, witness } = options;
  const { name } = part.plan;
  const { source: capabilities } = part.capabilities;
  const source =
    capabilities === undefined
      ? undefined
      : createModelledSource({ name, capabilities, isCumulative, witness: sourceWitness });
  const sink = createModelledSink({ ...options.sink, name });
  let broken: ((error: AraldoError) => void) | undefined;
  let isDown = false;

  return {
    name,
    source,
    sink,
    get isDown() {
      return isDown;
    },

    create(endpointOptions, life) {
      return new Endpoint(endpointOptions, (port): Transport => {
        const alive = (work: () => void): void => {
          if (!life.isOver) work();
        };
        return {
          open() {
            if (isDown) throw new AraldoError('connect-failed', `${name} is down`);
            // Not before: the one before it may still be at work.
            source?.connect(port, life);
            sink.connect(port, life);
            broken = (error) => port.broken(error);
            source?.opened();
          },
          close: () =>
            alive(() => {
              source?.closed();
              sink.closed();
            }),
          pause: (lane) => alive(() => source?.pause(lane)),
          resume: (lane) => alive(() => source?.resume(lane)),
          settled: (lane, root, status) => alive(() => source?.settled(lane, root, status)),
          isWritable: () => !life.isOver && sink.isWritable(),
          write(message, ticket, sender) {
            witness.enter();
            try {
              return sink.write(message, ticket, sender);
            } finally {
              witness.leave();
            }
          },
        };
      });
    },

    down() {
      if (isDown) return;
      isDown = true;
      witness.down(name);
      broken?.(new AraldoError('connection-lost', `${name} is down`));
    },

    up() {
      if (!isDown) return;
      isDown = false;
      witness.up(name);
    },

    killed() {
      source?.killed();
      sink.closed();
    },
  };
}
