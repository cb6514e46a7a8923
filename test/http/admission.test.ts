import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type Admission, type AdmissionLimits, createAdmission } from '../../src/http/admission.ts';
import { runs } from '../runs.ts';

const limits: AdmissionLimits = {
  connections: 100,
  connectionsPerAddress: 10,
  acceptsPerSecond: 50,
  acceptPatienceMs: 5_000,
  waiting: 40,
};

const remote = '192.0.2.1';

/** A connection from an address, with what was written to it. */
class FakeSocket extends Duplex {
  readonly remoteAddress: string | undefined;
  written = '';

  constructor(remoteAddress: string | undefined) {
    super({ allowHalfOpen: true });
    this.remoteAddress = remoteAddress;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written += chunk.toString();
    done();
  }

  /** `close` at once, where a real socket waits a turn: virtual time has no turns. */
  hangUp(): void {
    this.emit('close');
  }
}

interface Gatehouse {
  readonly admission: Admission;
  readonly inside: FakeSocket[];
  arrive(address?: string, count?: number): FakeSocket[];
  pass(ms: number): void;
}

function gatehouse(changes: Partial<AdmissionLimits> = {}): Gatehouse {
  const scheduler = new VirtualTimeScheduler();
  const inside: FakeSocket[] = [];
  const admission = createAdmission({
    limits: { ...limits, ...changes },
    scheduler,
    admit: (socket) => inside.push(socket as unknown as FakeSocket),
  });
  return {
    admission,
    inside,
    arrive(address = remote, count = 1) {
      const sockets = Array.from({ length: count }, () => new FakeSocket(address));
      for (const socket of sockets) admission.arrive(socket as unknown as Socket);
      return sockets;
    },
    pass(ms) {
      scheduler.maxFrames = scheduler.frame + ms;
      // The clock stands still where nothing is scheduled, so something is.
      scheduler.schedule(() => undefined, ms);
      scheduler.flush();
    },
  };
}

const others = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `198.51.100.${index}`);

describe('admission', () => {
  it('takes as many connections as there are places, and lets one more wait', () => {
    const { admission, arrive } = gatehouse();
    arrive('127.0.0.1', 100);
    expect([admission.open.size, admission.waiting]).toEqual([100, 0]);
    arrive('127.0.0.1');
    expect([admission.open.size, admission.waiting]).toEqual([100, 1]);
  });

  it('takes as many of one address as it may have, and lets one more wait', () => {
    const { admission, arrive } = gatehouse();
    arrive(remote, 10);
    expect([admission.open.size, admission.waiting]).toEqual([10, 0]);
    arrive(remote);
    expect([admission.open.size, admission.waiting]).toEqual([10, 1]);
    arrive('192.0.2.2');
    expect([admission.open.size, admission.waiting]).toEqual([11, 1]);
  });

  it('takes as many a second as it may, and lets one more wait for the next', () => {
    const { admission, arrive, pass } = gatehouse();
    for (const address of others(50)) arrive(address);
    expect([admission.open.size, admission.waiting]).toEqual([50, 0]);
    arrive();
    expect([admission.open.size, admission.waiting]).toEqual([50, 1]);
    pass(10);
    expect([admission.open.size, admission.waiting]).toEqual([50, 1]);
    pass(10);
    expect([admission.open.size, admission.waiting]).toEqual([51, 0]);
  });

  it.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])(
    'exempts loopback (%s) from the limits of an address and of a second',
    (address) => {
      const { admission, arrive } = gatehouse();
      arrive(address, 100);
      expect(admission.open.size).toBe(100);
    },
  );

  it('lets who waits in when a connection of the same address ends', () => {
    const { admission, arrive, inside } = gatehouse();
    const [first] = arrive(remote, 10);
    const [waiter] = arrive(remote);
    first?.hangUp();
    expect(inside).toContain(waiter);
    expect([admission.open.size, admission.waiting]).toEqual([10, 0]);
  });

  it('lets who waits in when any connection ends, before a newcomer', () => {
    const { arrive, inside } = gatehouse({ connections: 1 });
    const [first] = arrive('127.0.0.1');
    const [second] = arrive('127.0.0.1');
    const [third] = arrive('127.0.0.1');
    first?.hangUp();
    expect(inside).toEqual([first, second]);
    second?.hangUp();
    expect(inside).toEqual([first, second, third]);
  });

  it('refuses who has waited for the whole patience, with 503 and Retry-After, and not before', () => {
    const { admission, arrive, pass } = gatehouse({ connections: 1 });
    arrive();
    const [waiter] = arrive();
    pass(4_990);
    expect([waiter?.written, admission.waiting]).toEqual(['', 1]);
    pass(10);
    expect(waiter?.written).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    expect(waiter?.written).toMatch(/\r\nretry-after: 5\r\n/);
    expect([admission.waiting, admission.refused]).toEqual([0, 1]);
  });

  it('refuses at once when as many wait as may', () => {
    const { admission, arrive } = gatehouse({ connections: 1 });
    arrive('127.0.0.1');
    arrive('127.0.0.1', 40);
    expect([admission.waiting, admission.refused]).toEqual([40, 0]);
    const [refused] = arrive('127.0.0.1');
    expect([admission.waiting, admission.refused]).toEqual([40, 1]);
    expect(refused?.written).toContain('503');
  });

  it('lets one address take a tenth of the places to wait in', () => {
    const { admission, arrive } = gatehouse({ connections: 1 });
    arrive('127.0.0.1');
    arrive(remote, 4);
    expect([admission.waiting, admission.refused]).toEqual([4, 0]);
    arrive(remote);
    expect([admission.waiting, admission.refused]).toEqual([4, 1]);
    arrive('192.0.2.2');
    expect([admission.waiting, admission.refused]).toEqual([5, 1]);
  });

  it('forgets who hangs up while waiting', () => {
    const { admission, arrive, pass } = gatehouse({ connections: 1 });
    const [first] = arrive();
    const [waiter] = arrive();
    waiter?.hangUp();
    first?.hangUp();
    pass(10_000);
    expect([admission.open.size, admission.waiting, admission.refused]).toEqual([0, 0, 0]);
  });

  it('gives a connection without an address up: it is gone already', () => {
    const { admission, inside } = gatehouse();
    const socket = new FakeSocket(undefined);
    admission.arrive(socket as unknown as Socket);
    expect(socket.destroyed).toBe(true);
    expect([inside, admission.refused]).toEqual([[], 0]);
  });

  it('survives the error of a connection that nobody listens to', () => {
    const { arrive } = gatehouse();
    const [socket] = arrive();
    expect(() => socket?.emit('error', new Error('ECONNRESET'))).not.toThrow();
  });

  it('refuses what waits and what arrives once it is stopped', () => {
    const { admission, arrive } = gatehouse({ connections: 1 });
    arrive();
    const [waiter] = arrive();
    admission.stop();
    const [late] = arrive();
    expect([waiter?.written.slice(0, 12), late?.written.slice(0, 12)]).toEqual([
      'HTTP/1.1 503',
      'HTTP/1.1 503',
    ]);
    expect(admission.waiting).toBe(0);
  });

  it('keeps every bound and loses nobody, whatever comes and goes', () => {
    const step = fc.oneof(
      fc.record({ arrive: fc.constantFrom('127.0.0.1', remote, '192.0.2.2', '2001:db8::1') }),
      fc.record({ hangUp: fc.nat(200) }),
      fc.record({ pass: fc.nat(2_000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const small = { connections: 8, connectionsPerAddress: 3, acceptsPerSecond: 5, waiting: 20 };
        const { admission, inside, arrive, pass } = gatehouse(small);
        const all: FakeSocket[] = [];
        for (const step of steps) {
          if ('arrive' in step) all.push(...arrive(step.arrive));
          else if ('pass' in step) pass(step.pass);
          else all[step.hangUp]?.hangUp();

          expect(admission.open.size).toBeLessThanOrEqual(8);
          expect(admission.waiting).toBeLessThanOrEqual(20);
          for (const address of [remote, '192.0.2.2', '2001:db8::1']) {
            const open = [...admission.open].filter((socket) => socket.remoteAddress === address);
            expect(open.length).toBeLessThanOrEqual(3);
          }
        }
        for (const socket of all) socket.hangUp();
        pass(5_000);
        expect([admission.open.size, admission.waiting]).toEqual([0, 0]);
        expect(admission.accepted).toBe(inside.length);
        expect(new Set(inside).size).toBe(inside.length);
      }),
      runs({ share: 0.3 }),
    );
  });
});
