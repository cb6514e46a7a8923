import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type MockEndpoint, plugin as mock } from '../../plugins/endpoint-mock/index.ts';
import { AraldoError } from '../../src/core/errors.ts';
import { defineEndpoint } from '../../src/core/plugin.ts';
import type { Sender } from '../../src/core/sink.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import { type EndpointWorld, endpointLaws } from '../../src/testing/index.ts';
import { runs } from '../runs.ts';

describe('endpoint-mock', () => {
  const laws = endpointLaws('endpoint-mock', {
    plugin: mock,
    options: {},
    // Code that emits does not wait for the gate.
    overshoot: Number.POSITIVE_INFINITY,
    world(endpoint) {
      const played = endpoint as MockEndpoint;
      return {
        send: (payload) => played.emit(payload),
        received: () => played.sent.map(({ payload }) => payload),
        stall: () => played.stall(),
        resume: () => played.proceed(),
      };
    },
  });
  for (const law of laws) it(law.name, () => law.check(runs({ share: 0.05 })));
});

/** What can be wrong with a queue. */
interface Flaws {
  readonly forgetsToPause?: true;
  readonly forgetsNacks?: true;
  readonly acksTwice?: true;
  readonly swaps?: true;
  readonly confirmsUnsent?: true;
  readonly keepsTicking?: true;
}

/** A queue as a broker has it, for one endpoint: it keeps what is not acked, and delivers it again. */
function createQueue(flaws: Flaws = {}) {
  const waiting: { payload: string; id: string; deliveries: number }[] = [];
  const unacked = new Map<string, { payload: string; id: string; deliveries: number }>();
  const acked: string[] = [];
  const received: string[] = [];
  const unconfirmed: { sender: Sender; ticket: number; payload: string }[] = [];
  let port: Port | undefined;
  let lane: ReturnType<Port['source']['lane']> | undefined;
  let isPaused = false;
  let isStalled = false;
  let sent = 0;

  const deliver = (): void => {
    for (;;) {
      if (lane === undefined || (isPaused && flaws.forgetsToPause !== true)) return;
      const next = waiting.shift();
      if (next === undefined) return;
      unacked.set(next.id, next);
      const { payload, id, deliveries } = next;
      lane.receive(payload, { id, ...(deliveries > 1 && { deliveries }) });
    }
  };
  const confirm = (): void => {
    for (const { sender, ticket, payload } of unconfirmed.splice(0)) {
      received.push(payload);
      sender.confirm(ticket);
    }
  };

  const transport = (
    connected: Port,
    scheduler: { schedule(work: () => void, ms: number): unknown },
  ): Transport => {
    port = connected;
    return {
      open() {
        lane = connected.source.lane({ name: 'queue' });
        isPaused = false;
        deliver();
        if (flaws.keepsTicking === true) {
          const tick = (): void => void scheduler.schedule(tick, 1_000);
          tick();
        }
      },
      close() {
        lane?.revoke();
        lane = undefined;
        waiting.unshift(...[...unacked.values()].map((one) => ({ ...one, deliveries: one.deliveries + 1 })));
        unacked.clear();
        unconfirmed.length = 0;
      },
      pause() {
        isPaused = true;
      },
      resume() {
        isPaused = false;
        deliver();
      },
      settled(_lane, root, status) {
        const one = unacked.get(root.id);
        if (one === undefined) return;
        unacked.delete(root.id);
        if (status === 'ack') acked.push(one.payload);
        if (status === 'ack' && flaws.acksTwice === true) acked.push(one.payload);
        if (status !== 'nack' || flaws.forgetsNacks === true) return;
        waiting.push({ ...one, deliveries: one.deliveries + 1 });
        scheduler.schedule(deliver, 1);
      },
      isWritable: () => !isStalled,
      write(message, ticket, sender) {
        const payload = String(message.payload);
        if (flaws.confirmsUnsent === true && unconfirmed.length > 0) return true;
        unconfirmed.push({ sender, ticket, payload });
        scheduler.schedule(confirm, 5);
        return false;
      },
    };
  };

  const world: EndpointWorld = {
    send(payload) {
      sent += 1;
      const one = { payload: String(payload), id: `q-${sent}`, deliveries: 1 };
      if (flaws.swaps === true && waiting.length > 0) waiting.unshift(one);
      else waiting.push(one);
      deliver();
    },
    received: () => received,
    acked: () => acked,
    stall() {
      isStalled = true;
    },
    resume() {
      isStalled = false;
      port?.writable();
    },
    break() {
      port?.broken(new AraldoError('connection-lost', 'pulled the plug'));
    },
  };
  return { transport, world };
}

function lawsOfQueue(flaws?: Flaws) {
  const queues = new WeakMap<object, EndpointWorld>();
  const plugin = defineEndpoint({
    kind: 'endpoint',
    id: 'endpoint-queue',
    summary: 'A queue in this process.',
    options: z.strictObject({}),
    capabilities: () => ({
      source: {
        canPause: true,
        acks: true,
        redelivers: true,
        ordered: 'all',
        scope: 'once',
        carries: 'values',
      },
      sink: { confirms: 'durable', reaches: 'system', carries: 'values' },
    }),
    create(_options, context) {
      const queue = createQueue(flaws);
      const endpoint = context.connect((port) => queue.transport(port, context.scheduler));
      queues.set(endpoint, queue.world);
      return endpoint;
    },
  });
  return endpointLaws('endpoint-queue', {
    plugin,
    options: {},
    world: (endpoint) => queues.get(endpoint) as EndpointWorld,
  });
}

describe('a queue that keeps what is not acked', () => {
  for (const law of lawsOfQueue()) it(law.name, () => law.check(runs({ share: 0.05 })));
});

describe('the laws of endpoints', () => {
  it.each<[keyof Flaws, string, string]>([
    ['forgetsToPause', 'is paused by a shut gate', 'messages came in at a shut gate'],
    ['forgetsNacks', 'brings again what was nacked', 'was nacked, and never came again'],
    ['acksTwice', 'tells its other side once', 'its other side was told of'],
    ['swaps', 'emits what it is sent, once and in order', 'it was sent'],
    ['confirmsUnsent', 'sends what it is given', 'its other side received'],
    ['keepsTicking', 'can be opened and closed', 'a timer that nobody ended'],
  ])('see that a queue %s', async (flaw, fact, text) => {
    const law = lawsOfQueue({ [flaw]: true }).find(({ name }) => name.includes(fact));
    await expect(law?.check({ numRuns: 200, seed: 3 })).rejects.toThrow();
    const thrown = await law?.check({ numRuns: 200, seed: 3 }).catch((error: Error) => causeOf(error));
    expect(thrown).toContain(text);
  });
});

function causeOf({ message, cause }: Error): string {
  return cause instanceof Error ? cause.message : message;
}
