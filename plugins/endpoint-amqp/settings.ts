/** What the options of an endpoint mean, in the terms of its channels. */
import type { Capabilities } from '../../src/core/endpoint.ts';
import type { Message } from '../../src/core/message.ts';
import type { ConfirmLevel } from '../../src/core/sink.ts';
import type { TlsFiles } from '../../src/options/tls.ts';
import type { Asks as ReplyAsks } from '../../src/replies/option.ts';
import { matches } from './routing-key.ts';
import type { Target } from './target.ts';

/** What RabbitMQ takes as an argument of a queue or a binding. */
export type Argument = string | number | boolean;

export interface Binding {
  readonly exchange: string;
  /** Declared with this type; absent: it must be there. */
  readonly exchangeType: string | undefined;
  readonly routingKey: string;
  readonly headers: Readonly<Record<string, Argument>>;
}

export interface Queue {
  readonly name: string;
  readonly type: 'quorum' | 'classic';
  readonly arguments: Readonly<Record<string, Argument>>;
  readonly bindings: readonly Binding[];
}

/** Where messages are published. */
export interface Outlet {
  /** The name of an exchange, or nothing: the default exchange, whose routing keys are names of queues. */
  readonly exchange: string;
  /** Declared with this type; absent: it must be there. */
  readonly exchangeType: string | undefined;
  readonly routingKey: string;
  /** Instead of `routingKey`: what is computed for a message, when one of the patterns has it. */
  readonly routingKeyFrom: ((message: Message) => unknown) | undefined;
  readonly allowedKeys: readonly string[];
  readonly isMandatory: boolean;
  readonly isPersistent: boolean;
  readonly confirms: ConfirmLevel;
}

/** What is read are requests, where they say a queue to answer to that is allowed. */
export interface Asks extends ReplyAsks {
  /** Patterns of the names of queues. */
  readonly replyTo: readonly string[];
}

export interface Settings {
  readonly target: Target;
  readonly tls: TlsFiles;
  /** By the certificate of `tls`, or by user and password. */
  readonly isAuthExternal: boolean;
  /** What is read, if anything. */
  readonly source: Queue | undefined;
  /** What is published to, if anything; `queue` where that is a queue of its own to be declared. */
  readonly outlet: Outlet | undefined;
  readonly outletQueue: Queue | undefined;
  /** Answers go out without an outlet of their own. */
  readonly asks: Asks | undefined;
  /** Whether queues and exchanges are made when they are not there, or must be there. */
  readonly declares: boolean;
  readonly prefetch: number | undefined;
  readonly maxPayload: number;
  readonly heartbeatMs: number;
}

export function capabilitiesOf({ target, source, outlet, asks, maxPayload }: Settings): Capabilities {
  const addressOf = (exchange: string, key: string): string => `${target.address} ${exchange}/${key}`;
  return {
    ...(source !== undefined && {
      source: {
        canPause: true,
        acks: true,
        redelivers: true,
        ordered: 'all',
        scope: 'once',
        carries: 'bytes',
        maxPayload,
        ...(asks !== undefined && { asks: { timeoutMs: asks.timeoutMs, max: asks.max } }),
      },
      readsFrom: [addressOf('', source.name), ...plainBindings(source).map(([e, key]) => addressOf(e, key))],
      readsMatching: patternBindings(source).map(([e, pattern]) => patternOf(addressOf(e, ''), pattern)),
    }),
    ...(asks !== undefined && { sink: { confirms: 'accepted', reaches: 'system', carries: 'bytes' } }),
    ...(outlet !== undefined && {
      sink: { confirms: outlet.confirms, reaches: 'system', carries: 'bytes' },
      writesTo: outlet.routingKeyFrom === undefined ? [addressOf(outlet.exchange, outlet.routingKey)] : [],
    }),
  };
}

function plainBindings({ bindings }: Queue): (readonly [string, string])[] {
  return bindings
    .filter(({ routingKey }) => !/[*#]/.test(routingKey))
    .map(({ exchange, routingKey }) => [exchange, routingKey]);
}

function patternBindings({ bindings }: Queue): (readonly [string, string])[] {
  return bindings
    .filter(({ routingKey }) => /[*#]/.test(routingKey))
    .map(({ exchange, routingKey }) => [exchange, routingKey]);
}

/** The keys of a pattern behind an address. */
function patternOf(address: string, pattern: string): RegExp {
  const [first = '', ...others] = pattern.split('.');
  // A # takes no word as well, and then the dot beside it is not there either.
  const rest = others.map((word) => (word === '#' ? '(?:\\..*)?' : `\\.${wordOf(word)}`)).join('');
  const keys =
    first === '#' && others.length > 0 ? `(?:.*(?=\\.))?${rest}|${rest.slice(2)}` : `${wordOf(first)}${rest}`;
  return new RegExp(`^${escaped(address)}(?:${keys})$`);
}

function wordOf(word: string): string {
  if (word === '*') return '[^.]+';
  return word === '#' ? '.*' : escaped(word);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

/** Whether a routing key that was made of a message is one that the operator allows. */
export function isAllowed({ allowedKeys }: Outlet, key: string): boolean {
  return allowedKeys.some((pattern) => matches(pattern, key));
}
