import { VirtualTimeScheduler } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Endpoint } from '../../src/core/endpoint.ts';
import { AraldoError } from '../../src/core/errors.ts';
import { Leg } from '../../src/core/leg.ts';
import { type Log, silentLog } from '../../src/core/log.ts';
import { Message } from '../../src/core/message.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import { supervise } from '../../src/runtime/supervise.ts';
import { elapse, turn } from '../virtual-time.ts';

const lost = new AraldoError('connection-lost', 'the cable was cut');
const refused = new AraldoError('connect-failed', 'nobody listens');

/** An endpoint over a transport that does as it is told. */
function supervised(
  transport: Transport = {},
  log: Log = silentLog,
  options: { random?: () => number } = {},
) {
  const scheduler = new VirtualTimeScheduler();
  const late: { port?: Port } = {};
  const endpoint = new Endpoint(
    {
      name: 'orders',
      id: 'endpoint-test',
      instance: 'i1',
      capabilities: {},
      scheduler,
      log,
      maxInFlight: 16,
      maxDeliveries: 5,
    },
    (port) => {
      late.port = port;
      return transport;
    },
  );
  const supervisor = supervise(endpoint, { scheduler, log, random: () => 0.5, ...options });
  return { scheduler, endpoint, supervisor, port: late.port as Port };
}

/** An open that answers when the test says so. */
function answering() {
  const answers: { resolve: () => void; reject: (error: unknown) => void; signal: AbortSignal }[] = [];
  const open = vi.fn(
    (signal: AbortSignal) =>
      new Promise<void>((resolve, reject) => answers.push({ resolve, reject, signal })),
  );
  return { open, answers };
}

const unhandled = vi.fn();
beforeEach(() => void process.on('unhandledRejection', unhandled));
afterEach(async () => {
  await turn();
  process.off('unhandledRejection', unhandled);
  if (unhandled.mock.calls.length > 0) throw new Error('a rejection was not handled');
});

describe('supervise', () => {
  it('opens an endpoint once, however often it is started', async () => {
    const open = vi.fn();
    const { scheduler, endpoint, supervisor } = supervised({ open });
    supervisor.start();
    supervisor.start();
    await elapse(scheduler, 60_000);
    expect(open).toHaveBeenCalledOnce();
    expect(endpoint.state).toBe('open');
    expect(endpoint.reconnects).toBe(0);
  });

  it('opens again for ever, with pauses that grow to 4 s at most', async () => {
    const times: number[] = [];
    const open = vi.fn(() => {
      times.push(scheduler.frame);
      throw refused;
    });
    const { scheduler, endpoint, supervisor } = supervised({ open }, silentLog, { random: () => 1 });
    supervisor.start();
    await elapse(scheduler, 20_000);
    expect(times.slice(0, 9).map((time, index) => time - (times[index - 1] ?? 0))).toEqual([
      0, 100, 200, 400, 800, 1_600, 3_200, 4_000, 4_000,
    ]);
    expect(endpoint.state).toBe('broken');
    expect(endpoint.lastError).toBe(refused);
    expect(endpoint.reconnects).toBe(0);
  });

  it('opens again what broke, and counts it', async () => {
    const open = vi.fn();
    const { scheduler, endpoint, supervisor, port } = supervised({ open });
    supervisor.start();
    for (const times of [1, 2, 3]) {
      await elapse(scheduler, 20_000);
      port.broken(lost);
      expect(endpoint.state).toBe('broken');
      expect(endpoint.lastError).toBe(lost);
      await elapse(scheduler, 4_000);
      expect(endpoint.state).toBe('open');
      expect(endpoint.reconnects).toBe(times);
      expect(endpoint.lastError).toBeUndefined();
    }
    expect(open).toHaveBeenCalledTimes(4);
  });

  it('closes what an attempt left behind before the next one, and waits for that', async () => {
    const order: string[] = [];
    const closing: (() => void)[] = [];
    const open = () => {
      order.push('open');
      throw refused;
    };
    const close = () => {
      order.push('close');
      return new Promise<void>((resolve) => closing.push(resolve));
    };
    const { scheduler, supervisor } = supervised({ open, close });
    supervisor.start();
    await elapse(scheduler, 1_000);
    expect(order).toEqual(['open', 'close']);
    closing[0]?.();
    await elapse(scheduler, 100);
    expect(order).toEqual(['open', 'close', 'open', 'close']);
  });

  it('goes on after 5 s when closing hangs, and at once when it fails', async () => {
    const open = vi.fn(() => Promise.reject(refused));
    const hanging = supervised({ open, close: () => new Promise<void>(() => undefined) });
    hanging.supervisor.start();
    await elapse(hanging.scheduler, 4_999);
    expect(open).toHaveBeenCalledTimes(1);
    await elapse(hanging.scheduler, 1);
    expect(open).toHaveBeenCalledTimes(2);

    const failing = supervised({ open, close: () => Promise.reject(new Error('close failed')) });
    failing.supervisor.start();
    await elapse(failing.scheduler, 100);
    expect(open).toHaveBeenCalledTimes(4);
  });

  describe('an attempt fails once', () => {
    it('when it breaks and then rejects', async () => {
      const { open, answers } = answering();
      const { scheduler, supervisor, port } = supervised({ open });
      supervisor.start();
      port.broken(lost);
      port.broken(lost);
      answers[0]?.reject(refused);
      await elapse(scheduler, 75);
      expect(open).toHaveBeenCalledTimes(2);
      await elapse(scheduler, 9_000);
      expect(open).toHaveBeenCalledTimes(2);
    });

    it('when it breaks and never answers', async () => {
      const { open, answers } = answering();
      const { scheduler, supervisor, port } = supervised({ open });
      supervisor.start();
      port.broken(lost);
      expect(answers[0]?.signal.aborted).toBe(true);
      await elapse(scheduler, 75);
      expect(open).toHaveBeenCalledTimes(2);
    });

    it('when it breaks and then resolves: that opens nothing', async () => {
      const { open, answers } = answering();
      const { scheduler, endpoint, supervisor, port } = supervised({ open });
      supervisor.start();
      port.broken(lost);
      answers[0]?.resolve();
      await elapse(scheduler, 10);
      expect(endpoint.state).toBe('broken');
      await elapse(scheduler, 75);
      expect(endpoint.state).toBe('opening');
      answers[1]?.resolve();
      await elapse(scheduler, 10);
      expect(endpoint.state).toBe('open');
    });

    it('when it breaks twice in one turn', async () => {
      const open = vi.fn();
      const { scheduler, endpoint, supervisor, port } = supervised({ open });
      supervisor.start();
      await elapse(scheduler, 0);
      port.broken(lost);
      port.broken(lost);
      await elapse(scheduler, 60_000);
      expect(open).toHaveBeenCalledTimes(2);
      expect(endpoint.reconnects).toBe(1);
    });

    it('when the first message that is sent breaks it', async () => {
      const late: { port?: Port } = {};
      let isBroken = true;
      const sent = vi.fn(() => {
        if (isBroken) late.port?.broken(lost);
        isBroken = false;
        return true;
      });
      const { scheduler, endpoint, supervisor, port } = supervised({ write: sent });
      late.port = port;
      const leg = new Leg(endpoint.outbound, {
        name: 'leg',
        overflow: 'pause',
        capacity: { messages: 8, bytes: 1_000 },
      });
      leg.offer(Message.of('one'));
      leg.offer(Message.of('two'));
      supervisor.start();
      await elapse(scheduler, 10);
      expect(endpoint.state).toBe('broken');
      expect(leg.held).toBe(2);
      await elapse(scheduler, 100);
      expect(endpoint.state).toBe('open');
      expect(leg.delivered).toBe(2);
    });
  });

  it('gives an open that does not answer 10 s, aborts it and tries again', async () => {
    const { open, answers } = answering();
    const { scheduler, endpoint, supervisor } = supervised({ open });
    supervisor.start();
    await elapse(scheduler, 9_999);
    expect(answers[0]?.signal.aborted).toBe(false);
    await elapse(scheduler, 1);
    expect(answers[0]?.signal.aborted).toBe(true);
    expect(endpoint.lastError?.code).toBe('open-timeout');
    expect(endpoint.state).toBe('broken');
    await elapse(scheduler, 75);
    expect(open).toHaveBeenCalledTimes(2);
  });

  it('does not listen to an attempt that was given up, whatever it answers in the end', async () => {
    const { open, answers } = answering();
    const { scheduler, endpoint, supervisor } = supervised({ open });
    supervisor.start();
    await elapse(scheduler, 10_075);
    expect(endpoint.state).toBe('opening');
    answers[0]?.resolve();
    await elapse(scheduler, 10);
    expect(endpoint.state).toBe('opening');
    await elapse(scheduler, 10_200);
    answers[1]?.reject(refused);
    await elapse(scheduler, 10);
    expect(endpoint.state).toBe('opening');
    answers[2]?.resolve();
    await elapse(scheduler, 60_000);
    expect(endpoint.state).toBe('open');
    expect(open).toHaveBeenCalledTimes(3);
  });

  describe('stop', () => {
    it('during an open aborts it, closes and opens nothing any more', async () => {
      const { open, answers } = answering();
      const close = vi.fn();
      const { scheduler, endpoint, supervisor } = supervised({ open, close });
      supervisor.start();
      const stopped = supervisor.stop();
      expect(answers[0]?.signal.aborted).toBe(true);
      await stopped;
      answers[0]?.reject(refused);
      await elapse(scheduler, 60_000);
      expect(close).toHaveBeenCalledOnce();
      expect(open).toHaveBeenCalledOnce();
      expect(endpoint.state).toBe('closed');
    });

    it('during an open that resolves all the same leaves the endpoint closed', async () => {
      const { open, answers } = answering();
      const { endpoint, supervisor } = supervised({ open });
      supervisor.start();
      const stopped = supervisor.stop();
      answers[0]?.resolve();
      await stopped;
      await turn();
      expect(endpoint.state).toBe('closed');
    });

    it('during a pause ends it', async () => {
      const open = vi.fn(() => Promise.reject(refused));
      const { scheduler, supervisor } = supervised({ open });
      supervisor.start();
      await elapse(scheduler, 10);
      await supervisor.stop();
      await elapse(scheduler, 60_000);
      expect(open).toHaveBeenCalledOnce();
    });

    it('while what broke is still closing waits for that, then closes', async () => {
      const closing: (() => void)[] = [];
      const close = () => new Promise<void>((resolve) => closing.push(resolve));
      const { scheduler, supervisor, port } = supervised({ close });
      supervisor.start();
      await elapse(scheduler, 10);
      port.broken(lost);
      await elapse(scheduler, 1_000);
      const stopped = supervisor.stop();
      await turn();
      expect(closing).toHaveLength(1);
      closing[0]?.();
      await turn();
      expect(closing).toHaveLength(2);
      closing[1]?.();
      await stopped;
    });

    it('resolves after 5 s when closing hangs, and when it fails', async () => {
      const hanging = supervised({ close: () => new Promise<void>(() => undefined) });
      hanging.supervisor.start();
      const stopped = vi.fn();
      void hanging.supervisor.stop().then(stopped);
      await elapse(hanging.scheduler, 4_999);
      expect(stopped).not.toHaveBeenCalled();
      await elapse(hanging.scheduler, 1);
      await turn();
      expect(stopped).toHaveBeenCalled();

      const failing = supervised({ close: () => Promise.reject(new Error('close failed')) });
      failing.supervisor.start();
      await failing.supervisor.stop();
    });

    it('may be called twice, and before start; nothing starts afterwards, and no timer is left', async () => {
      const open = vi.fn();
      const { scheduler, supervisor } = supervised({ open });
      const stopped = supervisor.stop();
      expect(supervisor.stop()).toBe(stopped);
      await stopped;
      supervisor.start();
      await elapse(scheduler, 60_000);
      expect(open).not.toHaveBeenCalled();

      const running = supervised({ open });
      running.supervisor.start();
      await elapse(running.scheduler, 10);
      running.port.broken(lost);
      await running.supervisor.stop();
      expect(running.scheduler.actions).toHaveLength(0);
    });

    it('makes what breaks afterwards nobody’s concern', async () => {
      const open = vi.fn();
      const { scheduler, endpoint, supervisor, port } = supervised({ open });
      supervisor.start();
      await elapse(scheduler, 10);
      await supervisor.stop();
      port.broken(lost);
      await elapse(scheduler, 60_000);
      expect(open).toHaveBeenCalledOnce();
      expect(endpoint.state).toBe('closed');
    });
  });

  it('leaves other endpoints alone when one fails', async () => {
    const failing = supervised({ open: () => Promise.reject(refused) });
    const other = supervised({});
    failing.supervisor.start();
    other.supervisor.start();
    await elapse(failing.scheduler, 30_000);
    await elapse(other.scheduler, 30_000);
    expect(other.endpoint.state).toBe('open');
    expect(other.endpoint.reconnects).toBe(0);
  });

  it('sends again what was unconfirmed when the connection broke, in the old order', async () => {
    const sent: unknown[] = [];
    const write = vi.fn((message: Message) => {
      sent.push(message.payload);
      return false;
    });
    const { scheduler, endpoint, supervisor, port } = supervised({ write });
    const leg = new Leg(endpoint.outbound, {
      name: 'leg',
      overflow: 'pause',
      capacity: { messages: 8, bytes: 1_000 },
    });
    supervisor.start();
    await elapse(scheduler, 10);
    leg.offer(Message.of('one'));
    leg.offer(Message.of('two'));
    leg.confirm(0);
    port.broken(lost);
    leg.confirm(1);
    leg.offer(Message.of('three'));
    await elapse(scheduler, 4_000);
    expect(sent).toEqual(['one', 'two', 'two', 'three']);
    expect(leg.delivered).toBe(1);
    expect(leg.held).toBe(2);
  });
});

describe('supervise › log', () => {
  function logged() {
    const lines: string[] = [];
    const say = (level: string) => (_fields: object, text: string) => lines.push(`${level} ${text}`);
    const log: Log = { debug: () => 0, info: say('info'), warn: say('warn'), error: say('error') };
    return { lines, log };
  }

  it('says the first failure at once, then a count every 10 s, then that it is back', async () => {
    const { lines, log } = logged();
    let isDown = true;
    const open = () => {
      if (isDown) throw refused;
    };
    const { scheduler, supervisor } = supervised({ open }, log, { random: () => 1 });
    supervisor.start();
    await elapse(scheduler, 0);
    expect(lines).toEqual(['warn orders: nobody listens; trying again']);
    await elapse(scheduler, 25_000);
    expect(lines.slice(1)).toEqual([
      'warn orders: nobody listens, 6 failures in 10 s; trying again',
      'warn orders: nobody listens, 3 failures in 10 s; trying again',
    ]);
    isDown = false;
    await elapse(scheduler, 4_000);
    expect(lines.slice(3)).toEqual(['info orders is back after 11 tries']);
  });

  it('says once that it is open', async () => {
    const { lines, log } = logged();
    const { scheduler, supervisor } = supervised({}, log);
    supervisor.start();
    await elapse(scheduler, 60_000);
    expect(lines).toEqual(['info orders is open']);
  });

  it('says two lines in 10 s at most of what comes and goes', async () => {
    const { lines, log } = logged();
    const { scheduler, supervisor, port } = supervised({}, log, { random: () => 0 });
    supervisor.start();
    await elapse(scheduler, 0);
    lines.length = 0;
    for (let times = 0; times < 99; times += 1) {
      port.broken(lost);
      await elapse(scheduler, 100);
    }
    expect(lines).toEqual([
      'warn orders: the cable was cut; trying again',
      'info orders is back after 1 try',
    ]);
    await elapse(scheduler, 60_000);
    expect(lines.slice(2)).toEqual(['warn orders broke 98 times in 10 s and is open: the cable was cut']);
  });
});
