import { map, Subject, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import {
  type Capabilities,
  Endpoint,
  type EndpointState,
  NOBODY,
  type SourceCapabilities,
} from '../../src/core/endpoint.ts';
import { AraldoError } from '../../src/core/errors.ts';
import type { Lane } from '../../src/core/lane.ts';
import { Message } from '../../src/core/message.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import { createLedger } from '../operators/ledger.ts';
import { recordedLog } from '../operators/recorded-log.ts';
import { pass } from '../virtual-time.ts';

const gone = new AraldoError('connection-lost', 'gone');
const { signal } = new AbortController();

/** An endpoint over a transport of the test. */
function endpointOf(transport: Transport = {}, capabilities: Capabilities = {}) {
  const scheduler = new VirtualTimeScheduler();
  const log = recordedLog();
  let port: Port | undefined;
  const endpoint = new Endpoint(
    {
      name: 'orders',
      id: 'endpoint-test',
      instance: 'run',
      capabilities,
      scheduler,
      log,
      maxInFlight: 2,
      maxDeliveries: 5,
    },
    (connected) => {
      port = connected;
      return transport;
    },
  );
  return { endpoint, port: port as unknown as Port, scheduler, log };
}

/** Notes what is sent; it takes everything unless told otherwise. */
function recording() {
  const written: unknown[] = [];
  const transport = {
    isWritable: (): boolean => true,
    write: ({ payload }: Message): boolean => written.push(payload) > 0,
  };
  return { written, transport };
}

/** A transport that opens when the test says so. */
function opening() {
  const attempts: { resolve(): void; reject(error: unknown): void }[] = [];
  const transport: Transport = {
    open: () => new Promise<void>((resolve, reject) => attempts.push({ resolve, reject })),
  };
  return { attempts, transport };
}

describe('what comes into an endpoint', () => {
  it('is emitted to its routes first, then to whoever subscribes to it', () => {
    const { endpoint, port } = endpointOf();
    const seen: string[] = [];
    endpoint.subscribe(({ payload }) => seen.push(`code ${String(payload)}`));
    endpoint.messages.subscribe(({ payload }) => seen.push(`route ${String(payload)}`));
    port.source.lane({ name: 'a' }).receive(1);
    expect(seen).toEqual(['route 1', 'code 1']);
  });

  it('goes on to others when one route ends', () => {
    const { endpoint, port } = endpointOf();
    const seen: string[] = [];
    const [first] = ['a', 'b'].map((name) => endpoint.messages.subscribe(() => seen.push(name)));
    const lane = port.source.lane({ name: 'a' });
    lane.receive(1);
    first?.unsubscribe();
    lane.receive(2);
    expect(seen).toEqual(['a', 'b', 'b']);
  });

  it('goes to all routes that there were when it came, though one ends or begins meanwhile', () => {
    const { endpoint, port } = endpointOf();
    const seen: string[] = [];
    const first = endpoint.messages.subscribe(() => {
      seen.push('a');
      first.unsubscribe();
      endpoint.messages.subscribe(() => seen.push('c'));
    });
    endpoint.messages.subscribe(() => seen.push('b'));
    const lane = port.source.lane({ name: 'a' });
    lane.receive(1);
    expect(seen).toEqual(['a', 'b']);
    lane.receive(2);
    expect(seen).toEqual(['a', 'b', 'b', 'c']);
  });

  it('has an id of the endpoint and this run', () => {
    const { endpoint, port } = endpointOf();
    const ids: string[] = [];
    endpoint.messages.subscribe(({ id }) => ids.push(id));
    port.source.lane({ name: 'a' }).receive('x');
    expect(ids).toEqual(['orders@run.1-0']);
  });

  it('is delivered again by the endpoint, unless its system does', () => {
    const source = { canPause: true, canAck: true, ordered: 'all', scope: 'once', carries: 'bytes' } as const;
    for (const [capabilities, deliveries] of [
      [{}, [undefined, 2]],
      [{ source: { ...source, redelivers: false } }, [undefined, 2]],
      [{ source: { ...source, redelivers: true } }, [undefined]],
    ] as const) {
      const { endpoint, port, scheduler } = endpointOf({}, capabilities as unknown as Capabilities);
      const { route } = createLedger();
      const seen: unknown[] = [];
      endpoint.messages.subscribe((root) => {
        const message = root.claim(route);
        if (seen.push(message.meta.deliveries) === 1) message.nack();
        else message.ack();
      });
      port.source.lane({ name: 'a' }).receive('x');
      pass(scheduler, 0);
      expect(seen).toEqual(deliveries);
    }
  });

  it('is lost beyond the stash only where the transport cannot pause', () => {
    for (const [capabilities, overrun] of [
      [{}, 0],
      [{ source: { canPause: true } }, 0],
      [{ source: { canPause: false } }, 1],
    ] as const) {
      const { endpoint, port } = endpointOf({}, capabilities as Capabilities);
      endpoint.inbound.hold({ name: 'test' });
      const lane = port.source.lane({ name: 'a' });
      for (let count = 0; count < 65_537; count += 1) lane.receive(0);
      expect(endpoint.inbound.overrun).toBe(overrun);
    }
  });

  it('pauses, resumes and settles at the transport, where that can', () => {
    const said: string[] = [];
    const telling: Transport = {
      pause: ({ name }: Lane) => said.push(`pause ${name}`),
      resume: ({ name }: Lane) => said.push(`resume ${name}`),
      settled: ({ name }: Lane, _root, status) => said.push(`${status} ${name}`),
    };
    for (const transport of [telling, {}]) {
      const { endpoint, port, scheduler } = endpointOf(transport);
      const { route } = createLedger();
      const open: Message[] = [];
      endpoint.messages.subscribe((root) => open.push(root.claim(route)));
      const lane = port.source.lane({ name: 'a' });
      for (let count = 0; count < 3; count += 1) lane.receive(count);
      for (let count = 0; count < 3; count += 1) {
        open.shift()?.ack();
        pass(scheduler, 0);
      }
    }
    expect(said).toEqual(['pause a', 'ack a', 'ack a', 'resume a', 'ack a']);
  });
});

describe('what code sends through an endpoint', () => {
  it('goes out when it is open, and waits until then, the newest 1,024', async () => {
    const { written, transport } = recording();
    const { endpoint } = endpointOf(transport);
    for (let count = 0; count < 1_025; count += 1) endpoint.next(Message.of(count));
    expect(written).toEqual([]);
    await endpoint.open(signal);
    expect([written.length, written[0], written.at(-1)]).toEqual([1_024, 1, 1_024]);
    endpoint.next(Message.of('more'));
    expect(written.at(-1)).toBe('more');
    expect([...endpoint.outbound.legs].map(({ name }) => name)).toEqual(['code → orders']);
  });

  it('is prepared first, and has failed where it cannot be', async () => {
    const { written, transport } = recording();
    const { endpoint } = endpointOf(transport);
    const ledger = createLedger();
    await endpoint.open(signal);
    endpoint.prepare = (message) => {
      if (message.payload === 'bad') throw new Error('no JSON');
      return message.with(`prepared ${String(message.payload)}`);
    };
    endpoint.next(ledger.claimed('bad'));
    endpoint.next(Message.of('good'));
    expect(written).toEqual(['prepared good']);
    expect(ledger.failed.map(({ code, message }) => [code, message])).toEqual([
      ['unmarshallable-payload', 'no JSON'],
    ]);
    expect(ledger.statuses).toEqual(['reject']);
  });

  it('outlives each stream that flows into it', async () => {
    const { written, transport } = recording();
    const { endpoint, log } = endpointOf(transport);
    await endpoint.open(signal);
    const [one, other] = [new Subject<Message>(), new Subject<Message>()];
    one.subscribe(endpoint);
    other.subscribe(endpoint);
    const broken = new Error('broken');
    one.complete();
    other.error(broken);
    endpoint.next(Message.of('after'));
    expect(written).toEqual(['after']);
    expect(log.lines.map(({ level, fields }) => [level, fields])).toEqual([
      ['debug', { endpoint: 'orders' }],
      ['error', { endpoint: 'orders', err: broken }],
    ]);
  });

  it('is taken at once by a transport that leaves out how', async () => {
    const { endpoint } = endpointOf();
    endpoint.next(Message.of(1));
    expect(endpoint.outbound.held).toBe(1);
    await endpoint.open(signal);
    expect(endpoint.outbound.held).toBe(0);
    await endpoint.outbound.flush();
  });

  it('waits for a transport that says only when it has room', async () => {
    let isWritable = false;
    const ledger = createLedger();
    const { endpoint, port } = endpointOf({ isWritable: () => isWritable });
    await endpoint.open(signal);
    endpoint.next(ledger.claimed(1));
    expect(endpoint.outbound.held).toBe(1);
    isWritable = true;
    port.writable();
    expect([endpoint.outbound.held, ledger.failed]).toEqual([0, []]);
  });

  it('waits for what a transport confirms that always has room, and is flushed', async () => {
    const tickets: number[] = [];
    let flushed = 0;
    const { endpoint } = endpointOf({
      write(_message, ticket) {
        tickets.push(ticket);
        return false;
      },
      async flush() {
        flushed += 1;
      },
    });
    await endpoint.open(signal);
    endpoint.next(Message.of(1));
    expect([endpoint.outbound.held, tickets]).toEqual([1, [0]]);
    await endpoint.outbound.flush();
    expect(flushed).toBe(1);
  });
});

describe('an endpoint', () => {
  const statesOf = ({ endpoint }: { endpoint: Endpoint }): [EndpointState, boolean] => [
    endpoint.state,
    endpoint.outbound.isOpen,
  ];

  it('is closed, opening, then open, and knows since when', async () => {
    const { attempts, transport } = opening();
    const test = endpointOf(transport);
    const { endpoint, scheduler } = test;
    expect([...statesOf(test), endpoint.since]).toEqual(['closed', false, 0]);
    pass(scheduler, 10);
    const opened = endpoint.open(signal);
    expect([...statesOf(test), endpoint.since]).toEqual(['opening', false, 10]);
    pass(scheduler, 10);
    attempts[0]?.resolve();
    await opened;
    expect([...statesOf(test), endpoint.since]).toEqual(['open', true, 20]);
  });

  it('keeps the time of its state while that stays', async () => {
    const { endpoint, scheduler } = endpointOf();
    await endpoint.reset();
    pass(scheduler, 10);
    await endpoint.reset();
    expect([endpoint.state, endpoint.since]).toEqual(['broken', 0]);
  });

  it('knows when it opens whether anybody reads from it', async () => {
    const isRead = async (subscribe: (endpoint: Endpoint) => void): Promise<boolean> => {
      const { endpoint } = endpointOf();
      subscribe(endpoint);
      await endpoint.open(signal);
      return endpoint.inbound.isRead;
    };
    expect(await isRead(() => undefined)).toBe(false);
    expect(await isRead((endpoint) => endpoint.subscribe())).toBe(true);
    expect(await isRead((endpoint) => endpoint.messages.subscribe())).toBe(true);
    expect(await isRead((endpoint) => endpoint.messages.subscribe().unsubscribe())).toBe(false);
  });

  it('keeps what comes while nobody reads where that would be delivered again, and tells who begins to', async () => {
    const read = vi.fn<() => void>();
    const source: SourceCapabilities = {
      canPause: true,
      acks: true,
      redelivers: true,
      ordered: 'all',
      scope: 'once',
      carries: 'values',
    };
    const { endpoint, port, scheduler } = endpointOf({ read }, { source });
    const lane = port.source.lane({ name: 'a' });
    await endpoint.open(signal);
    lane.receive('first');
    expect([endpoint.inbound.isRead, endpoint.inbound.acked, endpoint.inbound.gate.holders]).toEqual([
      false,
      0,
      [NOBODY],
    ]);
    const seen: unknown[] = [];
    const subscription = endpoint.pipe(map(({ payload }) => payload)).subscribe((one) => seen.push(one));
    pass(scheduler, 1);
    expect([read.mock.calls.length, endpoint.inbound.isRead, endpoint.inbound.acked]).toEqual([1, true, 1]);
    subscription.unsubscribe();
    lane.receive('second');
    expect([endpoint.inbound.isRead, endpoint.inbound.acked]).toEqual([false, 1]);
    endpoint.messages.subscribe(({ payload }) => seen.push(payload));
    pass(scheduler, 1);
    expect([seen, read.mock.calls.length, endpoint.inbound.acked]).toEqual([['first', 'second'], 1, 2]);
  });

  it('emits what comes while nobody reads where nobody would deliver it again', async () => {
    const source: SourceCapabilities = {
      canPause: true,
      acks: false,
      redelivers: false,
      ordered: 'all',
      scope: 'once',
      carries: 'values',
    };
    const { endpoint, port } = endpointOf({}, { source });
    await endpoint.open(signal);
    port.source.lane({ name: 'a' }).receive('lost');
    expect([endpoint.inbound.acked, endpoint.inbound.gate.holders]).toEqual([1, []]);
    // Its transport has nothing to do when somebody reads.
    endpoint.subscribe();
    expect(endpoint.inbound.isRead).toBe(true);
  });

  it('tells its transport of who begins to read while it opens, when it is open', async () => {
    const read = vi.fn<() => void>();
    const { attempts, transport } = opening();
    const { endpoint, scheduler } = endpointOf({ ...transport, read });
    const opened = endpoint.open(signal);
    endpoint.subscribe();
    expect(read).not.toHaveBeenCalled();
    attempts[0]?.resolve();
    await opened;
    pass(scheduler, 1);
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('is broken when it cannot be opened, and says why, until it is open', async () => {
    const { attempts, transport } = opening();
    const test = endpointOf(transport);
    const refused = new Error('refused');
    const opened = test.endpoint.open(signal);
    attempts[0]?.reject(refused);
    await expect(opened).rejects.toMatchObject({
      code: 'connect-failed',
      message: 'refused',
      cause: refused,
    });
    expect(statesOf(test)).toEqual(['broken', false]);
    expect(test.endpoint.lastError?.cause).toBe(refused);
    const again = test.endpoint.open(signal);
    attempts[1]?.resolve();
    await again;
    expect([...statesOf(test), test.endpoint.lastError]).toEqual(['open', true, undefined]);
  });

  it.each(['reset', 'close'] as const)('does not listen to an attempt that a %s has ended', async (how) => {
    for (const answer of ['resolve', 'reject'] as const) {
      const { attempts, transport } = opening();
      const test = endpointOf(transport);
      const opened = test.endpoint.open(signal).catch(() => undefined);
      await test.endpoint[how]();
      const state = test.endpoint.state;
      attempts[0]?.[answer](gone);
      await opened;
      expect([...statesOf(test), test.endpoint.lastError]).toEqual([state, false, undefined]);
    }
  });

  it('does not listen to an attempt after which another has begun', async () => {
    for (const answer of ['resolve', 'reject'] as const) {
      const { attempts, transport } = opening();
      const test = endpointOf(transport);
      const first = test.endpoint.open(signal).catch(() => undefined);
      await test.endpoint.reset();
      const second = test.endpoint.open(signal);
      attempts[0]?.[answer](gone);
      await first;
      expect(statesOf(test)).toEqual(['opening', false]);
      attempts[1]?.resolve();
      await second;
      expect(statesOf(test)).toEqual(['open', true]);
    }
  });

  it('stays broken that breaks while it opens, whatever that attempt answers', async () => {
    for (const answer of ['resolve', 'reject'] as const) {
      const { attempts, transport } = opening();
      const test = endpointOf(transport);
      const opened = test.endpoint.open(signal).catch(() => undefined);
      test.port.broken(gone);
      attempts[0]?.[answer](new Error('other'));
      await opened;
      expect([...statesOf(test), test.endpoint.lastError]).toEqual(['broken', false, gone]);
    }
  });

  it('tells its supervisor that it broke, once, and sends again what was not confirmed', async () => {
    const written: unknown[] = [];
    const test = endpointOf({
      isWritable: () => true,
      write: ({ payload }) => written.push(payload) > 1,
    });
    const { endpoint, port } = test;
    const told: AraldoError[] = [];
    endpoint.onBroken = (error) => told.push(error);
    port.broken(gone);
    expect(told).toEqual([]);
    await endpoint.open(signal);
    endpoint.next(Message.of('a'));
    port.broken(gone);
    port.broken(gone);
    expect([told, ...statesOf(test), endpoint.lastError]).toEqual([[gone], 'broken', false, gone]);
    await endpoint.reset();
    await endpoint.open(signal);
    expect(written).toEqual(['a', 'a']);
  });

  it('closes its connections, then ends whoever reads from it', async () => {
    for (const failure of [undefined, gone]) {
      const said: string[] = [];
      const test = endpointOf({
        close() {
          said.push(`close ${test.endpoint.state}`);
          return failure === undefined ? undefined : Promise.reject(failure);
        },
      });
      const { endpoint } = test;
      endpoint.subscribe({ complete: () => said.push('code ends') });
      endpoint.messages.subscribe({ complete: () => said.push('route ends') });
      await endpoint.open(signal);
      await endpoint.close().catch((error: unknown) => said.push(String(error)));
      expect(said.slice(0, 3)).toEqual(['close closed', 'route ends', 'code ends']);
      expect(said.slice(3)).toEqual(failure === undefined ? [] : [String(failure)]);
      expect(statesOf(test)).toEqual(['closed', false]);
    }
  });

  it('takes nothing new when it drains', () => {
    const said: string[] = [];
    const transport: Transport = {
      pause: ({ name }: Lane) => said.push(`pause ${name}`),
      drain: () => said.push('drain'),
    };
    const { endpoint, port } = endpointOf(transport);
    port.source.lane({ name: 'a' });
    endpoint.drain();
    expect(said).toEqual(['pause a', 'drain']);
    endpointOf().endpoint.drain();
  });

  it('counts its peers where it has some', () => {
    const counts = { connected: 1, lagging: 0, buffered: 0, lost: {}, refused: {} };
    expect(endpointOf({ peers: () => counts }).endpoint.peers).toBe(counts);
    expect(endpointOf().endpoint.peers).toBeUndefined();
  });

  it('of a transport that leaves all out opens, resets and closes', async () => {
    const test = endpointOf();
    await test.endpoint.open(signal);
    await test.endpoint.reset();
    expect(statesOf(test)).toEqual(['broken', false]);
    await test.endpoint.open(signal);
    await test.endpoint.close();
    expect(statesOf(test)).toEqual(['closed', false]);
  });
});
