/** A configured external system or listener, as an RxJS Subject of messages. */
import {
  Observable,
  type Observer,
  type SchedulerLike,
  Subject,
  type Subscriber,
  type Subscription,
} from 'rxjs';
import type { Capabilities } from './capabilities.ts';
import { AraldoError } from './errors.ts';
import { Leg } from './leg.ts';
import type { Log } from './log.ts';
import type { Holder, Message } from './message.ts';
import type { Capacity } from './overflow.ts';
import { Sink, type SinkTransport } from './sink.ts';
import { Source } from './source.ts';
import type { PeerCounts, Port, RequestTable, Transport } from './transport.ts';

export type { Capabilities, SinkCapabilities, SourceCapabilities } from './capabilities.ts';

export type EndpointState = 'closed' | 'opening' | 'open' | 'broken';

/** What the server gives every endpoint. */
export interface EndpointOptions {
  readonly name: string;
  /** The id of the plugin: `endpoint-redis`. */
  readonly id: string;
  /** The id of this run of the server, so that what it names is unique over restarts. */
  readonly instance: string;
  readonly capabilities: Capabilities;
  readonly scheduler: SchedulerLike;
  readonly log: Log;
  readonly maxInFlight: number;
  readonly maxDeliveries: number;
}

/** The bound of a stash; behind a source that cannot pause it is the only buffer there is. */
export const STASH: Capacity = { messages: 65_536, bytes: 16 * 1024 * 1024 };

/** What is emitted to nobody counts as done, so a source that would deliver it again keeps it until somebody reads. */
const nobody: Holder = { name: 'nobody reads from it' };

/** The holder of a gate that waits for nothing but somebody to read. */
export const NOBODY: string = nobody.name;

/** The buffer of messages that code sends with `next`. */
const NEXT_CAPACITY: Capacity = { messages: 1024, bytes: 16 * 1024 * 1024 };

/**
 * As with RxJS's own `webSocket()`, subscribing gets what comes in, and `next()` sends out.
 *
 * `next` has no way to make its caller wait, so it sends through a buffer of its own that drops the oldest
 * when full, counted; a route with another policy is composed with `sinkOf(endpoint, …)`.
 * `complete` and `error` of whatever is subscribed into it stop at it: it outlives them.
 *
 * @example
 * server.endpoint('browsers').subscribe((message) => console.log(message.payload));
 * server.endpoint('browsers').next(Message.of('hello, all'));
 */
export class Endpoint extends Subject<Message> {
  readonly name: string;
  readonly id: string;
  readonly capabilities: Capabilities;
  readonly inbound: Source;
  readonly outbound: Sink;
  /**
   * The observable side: what subscribing to the endpoint gets as well, for routes. It is emitted here first, and
   * at a tenth of what a message costs through `Subject.next`, which RxJS ships for Node as compiled for ES5.
   */
  readonly messages: Observable<Message>;
  /** When it came into its state, in milliseconds of the scheduler. */
  since: number;
  /** What `next` does to a message first: the server gives it the marshaller of the endpoint. */
  prepare: (message: Message) => Message = (message) => message;
  lastError: AraldoError | undefined;
  /** How often it was opened again. */
  reconnects = 0;
  /** Set by the supervisor: an open endpoint broke. */
  onBroken: (error: AraldoError) => void = () => undefined;
  private readonly transport: Transport;
  private readonly log: Log;
  private readonly scheduler: SchedulerLike;
  private current: EndpointState = 'closed';
  private direct: Leg | undefined;
  /** Whoever subscribed to `messages`: replaced with every change, so that an emission ends with those it began with. */
  private readers: readonly Subscriber<Message>[] = [];
  /** Whether nobody read when it was last opened, and nobody has since. */
  private isUnread = false;
  /** Counts attempts to open, so that one that was given up changes nothing when it answers at last. */
  private attempt = 0;

  constructor(options: EndpointOptions, connect: (port: Port) => Transport) {
    super();
    this.name = options.name;
    this.id = options.id;
    this.capabilities = options.capabilities;
    this.log = options.log;
    this.scheduler = options.scheduler;
    this.since = options.scheduler.now();

    // Both roles need the transport and it needs them: they reach it through these two.
    const late: { transport: Transport } = { transport: {} };
    const source = options.capabilities.source;
    this.inbound = new Source(
      {
        name: options.name,
        address: `${options.name}@${options.instance}`,
        scheduler: options.scheduler,
        maxInFlight: options.maxInFlight,
        maxDeliveries: options.maxDeliveries,
        redelivers: source?.redelivers === true || source?.returnsNacks === true,
        canPause: source?.canPause ?? true,
        stash: STASH,
      },
      {
        pause: (lane) => late.transport.pause?.(lane),
        resume: (lane) => late.transport.resume?.(lane),
        settled: (lane, root, status) => late.transport.settled?.(lane, root, status),
        explained: (root, end, reason) => late.transport.explained?.(root, end, reason),
      },
      (root) => this.receive(root),
    );
    this.outbound = new Sink(options.name, options.scheduler);
    this.messages = new Observable((subscriber) => {
      this.readers = [...this.readers, subscriber];
      this.countReaders();
      return () => {
        this.readers = this.readers.filter((reader) => reader !== subscriber);
        this.countReaders();
      };
    });
    late.transport = connect({
      source: this.inbound,
      sink: this.outbound,
      writable: () => this.outbound.drain(),
      broken: (error) => this.broke(error),
    });
    this.transport = late.transport;
    this.outbound.bind(sinkTransportOf(late.transport));
  }

  get state(): EndpointState {
    return this.current;
  }

  get peers(): PeerCounts | undefined {
    return this.transport.peers?.();
  }

  get requests(): RequestTable | undefined {
    return this.transport.requests;
  }

  /**
   * As of any Subject. A source that would deliver again what is not acked reads while somebody is subscribed, here or
   * to `messages`, and not otherwise.
   */
  override subscribe(
    observer?: Partial<Observer<Message>> | ((message: Message) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    const subscription = super.subscribe(observer as (message: Message) => void, error, complete);
    subscription.add(() => this.countReaders());
    this.countReaders();
    return subscription;
  }

  /** Sends a message out; a value is marshalled as the endpoint's routes would. */
  override next(message: Message): void {
    this.direct ??= new Leg(this.outbound, {
      name: `code → ${this.name}`,
      overflow: 'drop-oldest',
      capacity: NEXT_CAPACITY,
    });
    let ready: Message;
    try {
      ready = this.prepare(message);
    } catch (thrown) {
      this.direct.refuseFailed(message, AraldoError.from(thrown, 'unmarshallable-payload'));
      return;
    }
    this.direct.offer(ready);
  }

  /** Ignored: a sink is shared, and outlives each of the streams that flow into it. */
  override complete(): void {
    this.log.debug({ endpoint: this.name }, 'a stream into this endpoint completed');
  }

  /** Ignored but for a log line: an error of one stream is not the endpoint's. */
  override error(error: unknown): void {
    this.log.error({ endpoint: this.name, err: error }, 'a stream into this endpoint failed');
  }

  /**
   * Connects; rejects with an `AraldoError` if that fails. Called by the supervisor. When it resolves, `state`
   * tells whether it is open: it may have broken, or been closed, meanwhile.
   */
  async open(signal: AbortSignal): Promise<void> {
    this.attempt += 1;
    const { attempt } = this;
    this.enter('opening');
    this.isUnread = false;
    this.countReaders();
    this.isUnread = !this.inbound.isRead;
    try {
      await this.transport.open?.(signal);
    } catch (thrown) {
      const error = AraldoError.from(thrown, 'connect-failed');
      if (attempt === this.attempt && this.state === 'opening') {
        this.enter('broken');
        this.lastError = error;
      }
      throw error;
    }
    if (attempt !== this.attempt || this.state !== 'opening') return;
    this.enter('open');
    this.lastError = undefined;
    this.outbound.opened();
    this.countReaders();
  }

  /** Ends what a broken connection or a failed attempt left, so that `open` may follow. By the supervisor. */
  async reset(): Promise<void> {
    this.attempt += 1;
    this.enter('broken');
    this.outbound.lost();
    await this.transport.close?.();
  }

  /** Takes nothing new; what is here is carried through. */
  drain(): void {
    this.inbound.drain();
    this.transport.drain?.();
  }

  /** Ends it: connections first, then whoever subscribed. */
  async close(): Promise<void> {
    this.attempt += 1;
    this.enter('closed');
    this.outbound.lost();
    try {
      await this.transport.close?.();
    } finally {
      for (const reader of this.readers) reader.complete();
      super.complete();
    }
  }

  private receive(root: Message): void {
    const { readers } = this;
    for (let place = 0; place < readers.length; place += 1)
      (readers[place] as Subscriber<Message>).next(root);
    if (this.observed) super.next(root);
  }

  /** Whether anybody reads is told to the source at once, and to the transport when it is open. */
  private countReaders(): void {
    const { inbound } = this;
    if (this.current !== 'opening' && this.current !== 'open') return;
    inbound.isRead = this.readers.length > 0 || this.observed;
    if (this.capabilities.source?.redelivers === true) {
      if (inbound.isRead) inbound.release(nobody);
      else inbound.hold(nobody);
    }
    if (!inbound.isRead || !this.isUnread || this.current !== 'open') return;
    this.isUnread = false;
    this.transport.read?.();
  }

  private enter(state: EndpointState): void {
    if (state !== this.current) this.since = this.scheduler.now();
    this.current = state;
  }

  private broke(error: AraldoError): void {
    if (this.state !== 'open' && this.state !== 'opening') return;
    this.enter('broken');
    this.lastError = error;
    this.outbound.lost();
    this.onBroken(error);
  }
}

/** What a transport leaves out takes everything, at once. Called for each message, so nothing stands between. */
function sinkTransportOf(transport: Transport): SinkTransport {
  if (transport.isWritable !== undefined && transport.write !== undefined) return transport as SinkTransport;
  return {
    isWritable: (sender) => transport.isWritable?.(sender) ?? true,
    write: (message, ticket, sender) => transport.write?.(message, ticket, sender) ?? true,
    flush: () => transport.flush?.(),
  };
}
