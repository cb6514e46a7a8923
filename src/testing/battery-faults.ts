/** The cases of the endpoint battery in which servers are killed and connections suffer, under load. */
import { type BatterySkip, type PlayedCase, payloadsOf } from './battery-case.ts';
import { type Counted, countOf, expectCounts } from './battery-count.ts';
import { pause } from './battery-messages.ts';
import type { BatteryStage, StagedRole } from './battery-stage.ts';
import type { OutsideMessage } from './battery-world.ts';

const WINDOW = 64;

/** Faults come while there is still something to carry. */
const LOAD = 10;

/** How often the last portion is put in anew where a loss of a connection was noticed after it was put in. */
const MOST_PUT_ANEW = 10;

export const faultCases: readonly PlayedCase[] = [
  {
    name: 'flows again after its server was killed under load',
    needs: ['source', 'sink', 'put', 'taken', 'kill', 'restart'],
    play: (stage, { messages, kills }) =>
      relayThrough(stage, messages * LOAD, kills, async () => {
        await stage.world.kill?.();
        await pause(100);
        await stage.world.restart?.();
      }),
  },
  {
    name: 'flows again after its connections were cut under load',
    needs: ['server', 'source', 'sink', 'put', 'taken'],
    play: (stage, { messages, kills }) =>
      relayThrough(stage, messages * LOAD, kills, async () => {
        stage.proxy?.reset();
        await pause(20);
      }),
  },
  {
    name: 'notices a half-open connection, and flows again',
    needs: ['server', 'source', 'sink', 'put', 'taken'],
    play: (stage, { messages }) =>
      relayThrough(stage, messages * LOAD, 1, async (roles) => {
        stage.proxy?.set({ silence: true });
        await stage.until('both notice', () => haveNoticed(roles), {
          more: () => 'let its heartbeat be short: a second or less in all',
        });
        stage.proxy?.clear();
        stage.proxy?.reset();
      }),
  },
  {
    name: 'keeps what it carries over a slow and sliced connection',
    needs: ['server', 'source', 'sink', 'put', 'taken'],
    async play(stage, { messages }) {
      stage.proxy?.set({ latency: { ms: 10, jitterMs: 5 }, slice: { bytes: 7 } });
      return relayThrough(stage, messages, 0, async () => {});
    },
  },
];

/** Whoever connects is open no more; where all listen, those who were connected to them are gone. */
function haveNoticed(roles: readonly StagedRole[]): boolean {
  const connecting = roles.filter(({ listens }) => !listens);
  if (connecting.length > 0) return connecting.every(({ endpoint }) => endpoint.state !== 'open');
  return roles.every(({ endpoint }) => (endpoint.peers?.connected ?? 0) === 0);
}

/** Carries all from source to sink, with faults on the way; what the system promises is counted at its far end. */
async function relayThrough(
  stage: BatteryStage,
  messages: number,
  faults: number,
  fault: (roles: readonly StagedRole[]) => Promise<void>,
): Promise<BatterySkip | undefined> {
  const { world, at, mount, until } = stage;
  const { window = WINDOW, overshoot = 0 } = world;
  const given = payloadsOf(world, messages);
  const sink = await mount(world.sink?.(at) ?? {}, { openDeadlineMs: 2_000 });
  // Where nothing is delivered again, nothing is put in before somebody listens.
  const first = await mountSource();
  const { redelivers, returnsNacks } = first.capabilities.source ?? {};
  // Who is told of each nack keeps the message until it hears something better.
  const isDurable = redelivers === true || returnsNacks === true;
  if (!isDurable) await Promise.all([first.isOpen(), sink.isOpen()]);
  else await first.stop();
  const portions = isDurable ? 1 : faults + 1;
  let connectedAtPut = 0;
  const portion = Math.ceil(messages / portions);
  await world.put?.(given.slice(0, portion));
  const source = isDurable ? await mountSource() : first;
  const roles = [source, sink];

  for (let each = 1; each <= faults; each += 1) {
    const due = Math.floor((messages * each) / (faults + 1) / 2);
    await until('some have passed', () => !isDurable || sink.leg.delivered >= due);
    await fault(roles);
    await until('it is open again', () => roles.every(({ endpoint }) => endpoint.state === 'open'), {
      more: () =>
        roles.map(({ endpoint }) => `${endpoint.state} ${endpoint.lastError?.message ?? ''}`).join(', '),
    });
    await world.meet?.();
    if (!isDurable) await put(given.slice(each * portion, (each + 1) * portion));
  }

  const sent = given.map(({ payload }) => payload);
  const expected = isDurable ? sent : sent.slice((portions - 1) * portion);
  const counted = async (): Promise<Counted> =>
    countOf(
      sent,
      ((await world.taken?.()) ?? []).map(({ payload }) => payload),
    );
  let last: Counted | undefined;
  let anew = 0;
  await until(
    `all ${expected.length} have arrived`,
    async () => {
      last = await counted();
      if (messages - last.lost >= expected.length && source.endpoint.inbound.isIdle) return true;
      if (isDurable || anew === MOST_PUT_ANEW) return false;
      await world.meet?.();
      if (connected() > connectedAtPut && roles.every(({ endpoint }) => endpoint.state === 'open')) {
        anew += 1;
        await put(given.slice(faults * portion));
      }
      return false;
    },
    {
      everyMs: 50,
      more: () => `${JSON.stringify(last)}, ${sink.leg.failed} failed, put in anew ${anew} times`,
    },
  );
  if (isDurable) {
    // What was in flight when a connection was lost comes again: once for either side of the relay, and once more for
    // each time that a busy machine has lost one of them beyond the faults.
    const losses = Math.max(2 * faults, source.endpoint.reconnects + sink.endpoint.reconnects);
    expectCounts(await counted(), (window + overshoot) * losses, `through ${faults} faults`);
    if (faults === 0 && first.capabilities.source?.ordered === 'all' && last?.disordered !== 0)
      throw new Error(`${last?.disordered} messages came before one that was sent earlier`);
  }
  return undefined;

  /** Rises whenever anybody connects anew. */
  function connected(): number {
    return source.attempts + sink.attempts + (stage.proxy?.accepted ?? 0);
  }

  /**
   * A busy machine notices a cut late: what was put in meanwhile went to a connection that was gone already, and where
   * nothing is delivered again nobody has promised it.
   */
  function put(portion: readonly OutsideMessage[]): Promise<void> {
    connectedAtPut = connected();
    return Promise.resolve(world.put?.(portion));
  }

  function mountSource(): Promise<StagedRole> {
    return mount(world.source?.(at) ?? {}, {
      maxInFlight: window,
      openDeadlineMs: 2_000,
      route: (message) => sink.leg.offer(message),
    });
  }
}
