/** Both roles of a mock endpoint: what the outside world does is done by hand, by a channel or by a clock. */

import { AraldoError } from '../../src/core/errors.ts';
import { MAX_HOPS } from '../../src/core/hops.ts';
import type { Lane } from '../../src/core/lane.ts';
import type { Message, Meta } from '../../src/core/message.ts';
import type { EndpointContext } from '../../src/core/plugin.ts';
import { Ring } from '../../src/core/ring.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import { type Channel, joinChannel, type Member } from './channel.ts';
import type { MockOptions } from './options.ts';
import { createTicker, type Ticker } from './ticker.ts';

/** So many of the messages that were sent are remembered; the oldest are forgotten. */
const MOST_SENT = 1024;

/** So many messages may wait at a shut gate; code that emits more is told so. */
const MOST_WAITING = 65_536;

export interface Mock {
  /** What was sent, the oldest first. */
  readonly sent: Ring<Message>;
  /** How many of the oldest were forgotten. */
  readonly forgotten: number;
  /** How many were not passed on by the channel, because they had made too many hops. */
  readonly tooManyHops: number;
  readonly ticker: Ticker;
  connect(port: Port): Transport;
  emit(payload: unknown, meta: Meta): boolean;
  stall(): void;
  proceed(): void;
  failNext(count: number): void;
}

export function createMock(options: MockOptions, context: EndpointContext): Mock {
  const { name, log, scheduler } = context;
  const sent = new Ring<Message>();
  let port: Port | undefined;
  let lane: Lane | undefined;
  let channel: Channel | undefined;
  let forgotten = 0;
  let tooManyHops = 0;
  let isStalled = false;
  /** Whether the gate was shut when the last message arrived; until it opens, no further one is let in. */
  let isShut = false;
  let isDraining = false;
  let failures = 0;

  const emit = (payload: unknown, meta: Meta): boolean => {
    if (lane === undefined || port === undefined || isDraining) return false;
    if (port.source.stashed >= MOST_WAITING) return false;
    lane.receive(payload, { ...lane.meta, ...meta });
    return true;
  };

  const ticker = createTicker({
    messages: options.messages,
    everyMs: options.everyMs,
    scheduler,
    emit: (payload) => !isShut && port?.source.gate.isOpen === true && emit(payload, {}),
    onError: (thrown) => {
      const { code, message } = AraldoError.from(thrown, 'expression-failed');
      log.error({ endpoint: name, code }, `a message of ${name} could not be made: ${message}`);
    },
  });

  const member: Member = {
    // While the server drains, what is inside of it is still carried through.
    isReady: () => !isShut || isDraining,
    receive(message) {
      const hops = (message.meta.hops ?? 0) + 1;
      if (hops > MAX_HOPS) {
        if (tooManyHops === 0)
          log.warn({ endpoint: name, id: message.id }, 'a message goes round in circles');
        tooManyHops += 1;
        return;
      }
      // Its history elsewhere stays behind; who it is from and how often it was tried is told anew.
      const { endpoint: _endpoint, lane: _lane, deliveries: _deliveries, ...meta } = message.meta;
      lane?.receive(message.payload, { ...meta, ...lane.meta, id: message.id, hops });
    },
    othersReady: () => port?.writable(),
  };

  return {
    sent,
    ticker,
    get forgotten() {
      return forgotten;
    },
    get tooManyHops() {
      return tooManyHops;
    },
    emit,
    stall() {
      isStalled = true;
    },
    proceed() {
      isStalled = false;
      port?.writable();
    },
    failNext(count) {
      failures = count;
    },

    connect(connected) {
      port = connected;
      return {
        open() {
          isDraining = false;
          isShut = false;
          const { channel: channelName } = options;
          const meta =
            channelName === undefined ? { endpoint: name } : { endpoint: name, channel: channelName };
          lane = connected.source.lane({ name: channelName ?? name, meta });
          if (channelName !== undefined) channel = joinChannel(context.instance, channelName, member);
          ticker.start();
        },

        // The gate tells it is shut when a message arrives at it: one overshoots.
        pause() {
          isShut = true;
        },
        resume() {
          isShut = false;
          channel?.ready();
        },

        isWritable: () => !isStalled && (channel?.areOthersReady() ?? true),
        write(message) {
          if (failures > 0) {
            failures -= 1;
            throw new AraldoError('sink-rejected', `${name} was told to fail`);
          }
          sent.push(message);
          if (sent.length > MOST_SENT) {
            sent.shift();
            forgotten += 1;
          }
          channel?.send(message);
          return true;
        },

        drain() {
          isDraining = true;
          ticker.stop();
          channel?.ready();
        },
        close() {
          ticker.stop();
          channel?.leave();
          channel = undefined;
          lane?.close();
          lane = undefined;
        },
      };
    },
  };
}
