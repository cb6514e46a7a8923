/** Connections for one scenario, and measurements over them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMicrosecondsOf } from '../process/cpu.ts';
import { flap } from './flapping.ts';
import { keepAlive } from './keep-alive.ts';
import { cutLink, type Link, openLinks } from './link.ts';
import { type Offer, startOffer } from './offer.ts';
import { type Protocol, protocolOf } from './protocol.ts';
import { createSaturation } from './saturation.ts';
import type { Latency, Measurement, MeasureOptions, Scenario } from './scenario.ts';
import { createTally, giveUp, type Tally, underWay } from './tally.ts';

export interface Session {
  /** Puts the load on, one measurement at a time. */
  measure(options: MeasureOptions): Promise<Measurement>;
  close(): void;
}

/** The window of each subscriber, and of all of them together. */
const WINDOW_BYTES = 512 * 1024;
const ALL_WINDOWS_BYTES = 128 * 1024 * 1024;

/** What has not moved for so long is lost, or not coming while this load lasts. */
const STUCK_MS = 1_000;
/** How long the rest may take to arrive; an open loop that was too fast is left with its rest. */
const SETTLE_MS = 5_000;
const SETTLE_OFFER_MS = 1_000;
const LOOK_MS = 10;
/** How often the window is fitted to what arrives. */
const FIT_MS = 50;
/** No peer is taken for dead in a measurement as short as this. */
const SHORT_MS = 8_000;

export async function openSession(scenario: Scenario): Promise<Session> {
  const { publishers, subscribers, rooms = 1, isChat = false, load } = scenario;
  const publishing = protocolOf(publishers.wire);
  const subscribing = protocolOf(subscribers.wire);
  const payload = Buffer.from(scenario.payload);
  const size = subscribing.deliveredSize(scenario.deliveredLength ?? payload.byteLength);

  const links = new Set<Link>();
  // From the start: opening thousands may take longer than a server waits for a pong.
  const alive = keepAlive(links);
  const readers = await openLinks(subscribers.count, links, (place) => ({
    wire: subscribers.wire,
    protocol: subscribing,
    role: isChat ? 'both' : 'subscribe',
    room: place % rooms,
  }));
  const writers = isChat
    ? readers
    : await openLinks(publishers.count, links, (place) => ({
        wire: publishers.wire,
        protocol: publishing,
        role: 'publish',
        room: place % rooms,
      }));
  const { stalled = 0, flapping = 0 } = subscribers;
  const counted = readers.slice(stalled + flapping);
  const stopFlapping = flap(readers.slice(stalled, stalled + flapping), {
    wire: subscribers.wire,
    protocol: subscribing,
    role: 'subscribe',
    room: 0,
  });
  for (const link of readers.slice(0, stalled)) {
    link.socket.pause();
    links.delete(link);
  }

  const perRoom = counted.length / rooms;
  const fanOut = isChat ? perRoom - 1 : perRoom;

  return {
    async measure(options) {
      if (options.ms < SHORT_MS) alive.hold();
      for (const link of counted) {
        // All was quiet: what is counted from here on begins with a message.
        link.bytes = 0;
        link.seen = 0;
      }
      const tally = createTally(size, fanOut);
      let disconnected = 0;
      for (const link of counted) {
        link.onClosed = () => {
          disconnected += 1;
          tally.fanOut -= 1 / rooms;
        };
      }
      const driver =
        load.kind === 'saturate' ? saturate(tally, load.windowBytes) : offer(tally, load.rate, options);
      await sleep(options.warmupMs);
      const begin = snapshot(tally, options.pid);
      await sleep(options.ms);
      const end = snapshot(tally, options.pid);
      driver.stop();
      const isQuiet = await settled(tally, load.kind === 'saturate' ? SETTLE_MS : SETTLE_OFFER_MS);
      const late = isQuiet ? 0 : Math.round(underWay(tally) / size);
      alive.release();
      const seconds = (end.at - begin.at) / 1000;
      return {
        seconds,
        accepted: end.sent - begin.sent,
        delivered: (end.received - begin.received) / size,
        serverCpuUs: end.serverCpuUs - begin.serverCpuUs,
        generatorLoad: (end.ownCpuUs - begin.ownCpuUs) / 1e6 / seconds,
        lost: tally.lost,
        disconnected,
        isWhole: isQuiet ? isWhole(subscribing) : undefined,
        ...(driver.offer === undefined ? {} : { late, latency: latencyOf(driver.offer) }),
      };
    },
    close() {
      alive.stop();
      stopFlapping();
      for (const link of [...readers, ...writers]) cutLink(link);
    },
  };

  function saturate(tally: Tally, windowBytes = WINDOW_BYTES): Driver {
    const saturation = createSaturation({
      publishers: writers,
      protocol: publishing,
      payload,
      tally,
      windowBytes: Math.min(windowBytes, ALL_WINDOWS_BYTES / counted.length),
      subscribers: counted.length,
      publishersPerRoom: writers.length / rooms,
    });
    for (const link of counted) {
      link.onBytes = (_link, bytes) => {
        tally.received += bytes;
        saturation.pump();
      };
    }
    let before = 0;
    let lookedAt = performance.now();
    let movedAt = lookedAt;
    const watch = setInterval(() => {
      const now = performance.now();
      saturation.fit(((tally.received - before) / (now - lookedAt)) * 1000);
      if (tally.received !== before) movedAt = now;
      before = tally.received;
      lookedAt = now;
      if (now - movedAt < STUCK_MS) return;
      movedAt = now;
      giveUp(tally);
      saturation.pump();
    }, FIT_MS);
    saturation.pump();
    return {
      stop() {
        clearInterval(watch);
        saturation.stop();
      },
    };
  }

  function offer(tally: Tally, rate: number, { warmupMs, ms }: MeasureOptions): Driver {
    const publisher = writers[0] as Link;
    const offer = startOffer({ publisher, protocol: publishing, payload, tally, rate, warmupMs, ms });
    for (const link of counted) {
      link.onBytes = (link, bytes) => {
        tally.received += bytes;
        offer.arrived(link);
      };
    }
    return { offer, stop: () => offer.stop() };
  }

  function isWhole({ leftovers }: Protocol): boolean {
    return counted.every((link) => leftovers.includes(link.bytes % size));
  }
}

interface Driver {
  readonly offer?: Offer;
  stop(): void;
}

interface Snapshot {
  readonly at: number;
  readonly sent: number;
  readonly received: number;
  readonly serverCpuUs: number;
  readonly ownCpuUs: number;
}

function snapshot({ sent, received }: Tally, pid: number): Snapshot {
  const { user, system } = process.cpuUsage();
  return {
    at: performance.now(),
    sent,
    received,
    serverCpuUs: cpuMicrosecondsOf(pid),
    ownCpuUs: user + system,
  };
}

/** Waits until all has arrived, or nothing more comes. What then is missing is lost, if all was quiet. */
async function settled(tally: Tally, withinMs: number): Promise<boolean> {
  const end = performance.now() + withinMs;
  let before = tally.received;
  let movedAt = performance.now();
  while (underWay(tally) >= tally.size) {
    await sleep(LOOK_MS);
    const now = performance.now();
    if (tally.received !== before) movedAt = now;
    before = tally.received;
    if (now - movedAt >= STUCK_MS) {
      giveUp(tally);
      return true;
    }
    if (now > end) return false;
  }
  return true;
}

/** All of it NaN when nothing arrived in time. */
function latencyOf({ latency, lateness }: Offer): Latency {
  const micros = (ns: number): number => (latency.count === 0 ? Number.NaN : ns / 1000);
  return {
    p50: micros(latency.quantile(0.5)),
    p99: micros(latency.quantile(0.99)),
    p999: micros(latency.quantile(0.999)),
    max: micros(latency.max),
    sendP99: micros(lateness.quantile(0.99)),
  };
}
