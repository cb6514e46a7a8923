/** What carries the messages of a route from its sources through its steps to the fan-out, while it is subscribed. */
import { merge, Observable, type SchedulerLike, Subject, type Subscriber, type Subscription } from 'rxjs';
import { claim } from '../../operators/claim.ts';
import { unmarshal } from '../../operators/unmarshal.ts';
import type { RoutePart } from '../config/configuration.ts';
import type { Endpoint } from '../core/endpoint.ts';
import { AraldoError } from '../core/errors.ts';
import type { FanOut } from '../core/fan-out.ts';
import type { Log } from '../core/log.ts';
import type { Marshaller } from '../core/marshaller.ts';
import type { Message } from '../core/message.ts';
import { type MessageOperator, stepOf } from '../core/operator.ts';
import { unmarshalRequests } from './correlation.ts';
import type { Inlet } from './inlet.ts';
import type { Route } from './route.ts';
import { stepName } from './route-places.ts';
import type { StepWatch } from './step-watch.ts';

export interface PipelineOptions {
  readonly part: RoutePart;
  readonly route: Route;
  /** In the order of `from`. */
  readonly sources: readonly PipelineSource[];
  /** Where messages wait before the steps; none where nothing was there before. */
  readonly inlet: Inlet | undefined;
  readonly stepWatch: StepWatch;
  readonly marshallers: ReadonlyMap<string, Marshaller>;
  readonly scheduler: SchedulerLike;
  readonly log: Log;
}

export interface PipelineSource {
  readonly endpoint: Endpoint;
  /** Reads what comes in; nothing where values come, or bytes that nobody reads. */
  readonly marshaller: Marshaller | undefined;
}

/** Steps are made with it, so that what they refuse is known before anything flows. */
export interface Pipeline {
  /** Subscribes to the sources. Once. */
  begin(fanOut: FanOut): void;
  /** Reads nothing more from these endpoints: steps are told that nothing more comes when it reads from none. */
  leave(endpoints: readonly Endpoint[]): void;
  /** Lets everything leave that steps keep only because more may come. */
  flush(): void;
  /** Ends it at once; what its steps hold goes back to its sources. */
  stop(): void;
}

export function createPipeline(options: PipelineOptions): Pipeline {
  const { part, route, inlet, log } = options;
  const { name } = part.plan;
  const flushOn = new Subject<void>();
  /** Those it reads from, and who is told. At most as many as the route has sources. */
  const reading = new Map<Endpoint, Subscriber<Message>>();
  const left = new Set<Endpoint>();
  let prepared: readonly MessageOperator[] | undefined = makeSteps();
  let subscription: Subscription | undefined;
  let isStopped = false;

  return {
    begin,
    leave(endpoints) {
      for (const endpoint of endpoints) {
        left.add(endpoint);
        // It leaves the readers of the endpoint with this, and the steps hear of it behind what they have.
        reading.get(endpoint)?.complete();
        reading.delete(endpoint);
      }
    },
    flush: () => flushOn.next(),
    stop() {
      isStopped = true;
      subscription?.unsubscribe();
      inlet?.end();
    },
  };

  function begin(fanOut: FanOut): void {
    const sources = options.sources.filter(({ endpoint }) => !left.has(endpoint)).map(readFrom);
    const steps = prepared ?? makeSteps();
    prepared = undefined;
    const merged = merge(...sources);
    const inlets = inlet === undefined ? merged : merged.pipe(inlet.operator);
    const pipeline = steps.reduce((stream, step) => stream.pipe(step), inlets);
    subscription = pipeline.subscribe({
      next(message) {
        route.forwarded += 1;
        fanOut.offer(message);
      },
      // No step lets an error out; should one do so all the same, the route starts anew without it.
      error(thrown: unknown) {
        const error = AraldoError.from(thrown, 'step-failed');
        log.error({ route: name, code: error.code }, `the pipeline failed: ${error.message}`);
        if (!isStopped) begin(fanOut);
      },
    });
  }

  function makeSteps(): readonly MessageOperator[] {
    return part.steps.map((step, place) =>
      stepOf(step.definition, step.options, {
        name: stepName(name, place, step),
        scheduler: options.scheduler,
        log,
        flushOn,
        marshaller: (name) => options.marshallers.get(name) as Marshaller,
        watch: options.stepWatch.watch,
      }),
    );
  }

  /** One source of the route, up to where its steps begin. */
  function readFrom({ endpoint, marshaller }: PipelineSource): Observable<Message> {
    const { maxDeliveries } = endpoint.inbound;
    const maxPayload = endpoint.capabilities.source?.maxPayload;
    // The subscriber is taken as it is, so that to be able to leave costs a message nothing.
    const messages = new Observable<Message>((subscriber) => {
      reading.set(endpoint, subscriber);
      return endpoint.messages.subscribe(subscriber);
    });
    const claimed = messages.pipe(claim(route, { maxDeliveries, maxPayload }));
    if (marshaller === undefined) return claimed;
    const { requests } = endpoint;
    return claimed.pipe(
      requests === undefined ? unmarshal(marshaller) : unmarshalRequests(marshaller, requests),
    );
  }
}
