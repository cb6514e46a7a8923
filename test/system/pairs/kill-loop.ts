// A real araldo between two durable systems, under load, while one of the three is killed (SIGKILL) again and again, and
// counted from outside: what the producer was confirmed against what a reader finds at the other end.

import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { araldo, portOf, type Run } from '../support/command.ts';
import { until } from '../support/server.ts';
import type { DurableSystem } from './durable-system.ts';
import { allPoints, allVictims, type Kill, killPlan, type Point, type Victim } from './kill-plan.ts';
import { type Counts, createTally } from './tally.ts';

export interface KillLoop {
  readonly source: DurableSystem;
  readonly sink: DurableSystem;
  /** At least so many are acknowledged by the source's server. */
  readonly messages: number;
  readonly kills: number;
  readonly seed: number;
  /** The window of the source. */
  readonly maxInFlight: number;
  /** Who is killed, in turn. Default: araldo, the source's server, the sink's. */
  readonly victims?: readonly Victim[];
  /** The points at which araldo is killed, in turn. Default: all that the source has. */
  readonly points?: readonly Point[];
  /** How long all of it may take. */
  readonly withinMs: number;
  /** Is told what happens, for whoever looks into a failure. */
  readonly note?: (line: string) => void;
}

export interface Outcome extends Counts {
  readonly killed: Readonly<Record<Victim | Point, number>>;
  /** No more may come twice. */
  readonly bound: number;
  readonly seconds: number;
}

/** So many are put in at once, at most. */
const MOST_AT_ONCE = 1_000;
/** So many are put in besides when araldo is to be killed at a named point: there must be something to carry then. */
const MOST_EXTRA = 8_000;
/** So often the reader looks. */
const LOOK_MS = 20;
/** So long a producer and a reader are waited for when it is over. */
const GIVE_UP_MS = 5_000;
/** What could be published is by then. */
const QUIET_MS = 5_000;
/** It has begun to spill by then: a group of Kafka may take long to let a member in. */
const SPILLING_MS = 60_000;
/** What is so late is lost when somebody is killed before. Shorter than the time in which Kafka gives a member up. */
const LATE_MS = 500;
/** So many wait in memory, beyond which a leg spills. */
const SPILLING_BUFFER = 16;
/** What was on its way in a connection has arrived by then. */
const SETTLED_MS = 250;

/** The points of araldo that a source has. After `spilled` its leg spills, to the end. */
export function pointsOf(source: DurableSystem): readonly Point[] {
  return source.name === 'kafka' ? allPoints : allPoints.filter((point) => point !== 'rebalance');
}

/** Plays it to the end: all has come, or the time is over. Judges nothing; rejects when araldo ends by itself. */
export async function killLoop(loop: KillLoop): Promise<Outcome> {
  const { source, sink, messages, kills, seed, maxInFlight, withinMs } = loop;
  const { victims = allVictims, points = pointsOf(source) } = loop;
  const extra = Math.min(MOST_EXTRA, messages);
  const mostAhead = source.isUnbounded === true ? maxInFlight : Math.max(messages / 2, extra);
  const batch = Math.ceil(Math.min(MOST_AT_ONCE, mostAhead / 4));
  const beganAt = performance.now();
  const deadline = beganAt + withinMs;
  const tally = createTally(2 * messages + (kills + 10) * (extra + batch));
  const folder = await mkdtemp(join(tmpdir(), 'araldo-pair-'));
  let reloads = 0;
  let spills = false;
  const disk = join(folder, 'spill.db');
  // JSON is YAML.
  const configured = (): object => ({
    'server-port': 0,
    'log-level': 'info',
    plugins: [
      { name: 'from', 'max-in-flight': maxInFlight, ...source.source() },
      { name: 'to', ...sink.sink() },
    ],
    routes: {
      from: [
        {
          to: 'to',
          ...(spills
            ? {
                overflow: {
                  policy: 'spill',
                  path: disk,
                  max: '1GiB',
                  then: 'pause',
                  buffer: SPILLING_BUFFER,
                },
              }
            : { buffer: 1_024 + reloads }),
        },
      ],
    },
  });
  const writeConfiguration = (): Promise<void> =>
    writeFile(join(folder, 'araldo.yaml'), JSON.stringify(configured()));
  await writeConfiguration();

  const ended = new AbortController();
  /** Why it cannot go on. */
  let problem: Error | undefined;
  const failed = (error: unknown): void => {
    problem ??= error instanceof Error ? error : new Error(String(error));
    ended.abort();
  };
  let run = start();
  /** The producer waits while its server is down. */
  let isDown = false;
  let isPaused = false;
  /** It goes beyond what it may be ahead: all of that may be on araldo's disk, and then there is nothing left to spill. */
  let isUrged = false;
  const killing = new AbortController();
  let goal = messages;
  const counted = [...allVictims, ...allPoints].map((of) => [of, 0] as const);
  const killed = Object.fromEntries(counted) as Record<Victim | Point, number>;

  /** Half of it at once, the rest as it is carried, so that there is always something to do; more for a named point. */
  const producing = (async () => {
    while ((!killing.signal.aborted || tally.acknowledged < goal) && !ended.signal.aborted) {
      const isAhead = !isUrged && tally.attempted + batch - tally.delivered > mostAhead;
      if (isDown || isPaused || isAhead || tally.acknowledged >= goal) await sleep(LOOK_MS);
      else tally.confirmed(await source.put(tally.next(batch)));
    }
  })().catch(failed);
  const reading = (async () => {
    while (!ended.signal.aborted) {
      await sink.read(tally);
      await sleep(LOOK_MS);
    }
  })().catch(failed);

  try {
    for (const kill of killPlan({ seed, messages, kills, victims, points })) {
      await holds(`${kill.after} have come`, () => tally.delivered >= kill.after);
      await sleep(kill.delayMs);
      note(`kill ${kill.victim} (${kill.point})`);
      await play(kill);
      killed[kill.victim] += 1;
      if (kill.victim === 'araldo') killed[kill.point] += 1;
    }
    killing.abort();
    note('no more kills');
    await holds('all is put in', () => tally.acknowledged >= goal);
    await producing;
    note('all is put in');
    await holds('all have come', () => tally.missing() === 0).catch((error: unknown) => {
      // What is lost is for the caller to judge.
      if (problem !== undefined) throw error;
    });
    run.child.kill('SIGTERM');
    const code = await run.code;
    if (code !== 0) throw new Error(`araldo ended with ${code}: ${run.out.stderr}`);
    // What comes late comes twice.
    await sleep(SETTLED_MS);
    ended.abort();
    await reading;
    await sink.read(tally);
    const seconds = (performance.now() - beganAt) / 1_000;
    return { ...tally.counts(), killed, bound: maxInFlight * kills, seconds };
  } finally {
    ended.abort();
    // A server that says nothing holds them, and not the report of it.
    await Promise.race([Promise.all([producing, reading]), sleep(GIVE_UP_MS)]);
    await run[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  }

  function note(what: string): void {
    if (loop.note === undefined) return;
    const { attempted, acknowledged, delivered, duplicated } = tally.counts();
    const counts = `${attempted} put in, ${acknowledged} acknowledged, ${delivered} came, ${duplicated} twice`;
    loop.note(`${((performance.now() - beganAt) / 1_000).toFixed(1)} s: ${what}; ${counts}`);
  }

  function start(): Run {
    const made = araldo(folder);
    void made.code.then((code) => {
      if (made === run && made.child.signalCode !== 'SIGKILL' && code !== 0)
        failed(new Error(`araldo ended with ${code}: ${made.out.stderr}`));
    });
    return made;
  }

  async function holds(what: string, does: () => boolean): Promise<void> {
    const isOver = (): boolean => problem !== undefined || does();
    await until(what, isOver, Math.max(1, deadline - performance.now())).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify(tally.counts())} ${run.out.stderr.slice(-2_000)}`);
    });
    if (problem !== undefined) throw problem;
  }

  async function play(kill: Kill): Promise<void> {
    if (kill.victim === 'araldo') return killAraldo(kill);
    const server = kill.victim === 'source' ? source : sink;
    if (server === source) isDown = true;
    await server.kill();
    await sleep(kill.downMs);
    await server.restart();
    if (server === source) isDown = false;
  }

  async function killAraldo({ point, delayMs }: Kill): Promise<void> {
    let next: Run | undefined;
    if (point !== 'any') goal = Math.max(goal, tally.attempted + extra);
    if (point === 'unconfirmed') {
      // The sink's server gets what is published, and its confirmations get lost.
      sink.proxy.set({ silence: true }, 'down');
      await moreIsPublished();
    } else if (point === 'unacked') {
      // The sink's confirmations are on their way when the way of the acks ends.
      sink.proxy.set({ latency: { ms: SETTLED_MS } }, 'down');
      await moreIsPublished();
      source.proxy.set({ silence: true }, 'up');
      await sleep(2 * SETTLED_MS);
    } else if (point === 'rebalance') {
      // A second member joins the group.
      const { accepted } = source.proxy;
      next = start();
      await holds('a second member connects', () => source.proxy.accepted > accepted);
      await sleep(delayMs * 10);
    } else if (point === 'spilled') {
      await restartSpilling();
      const before = await lastWritten();
      source.proxy.set({ latency: { ms: LATE_MS } }, 'up');
      isPaused = false;
      // What is asked for is late as well, and what was asked for before is on its way to the disk.
      if (source.isUnbounded !== true) await sleep(SETTLED_MS);
      else await until('more is on the disk', async () => (await lastWritten()) > before, SPILLING_MS);
    } else if (point === 'reload') {
      // Another buffer is another leg: what the old one has leaves first.
      reloads += 1;
      await writeConfiguration();
      await isReady();
      run.child.kill('SIGHUP');
      await sleep(delayMs);
    }
    const last = run;
    // Before it ends: what ends by a signal of ours has not failed.
    run = next ?? last;
    last.child.kill('SIGKILL');
    await last.code;
    source.proxy.clear();
    sink.proxy.clear();
    await sink.proxy.up();
    // The kernel ends the connections of who was killed, and a proxy that was silent has not passed that on.
    if (point === 'unacked' || point === 'spilled') source.proxy.reset();
    if (next === undefined) run = start();
  }

  /**
   * Its sink is down from the start, so that it spills all but a few: what it has sent before the sink is lost would stay
   * in memory, and the window be full of it. Where no more may wait than the window, those come when the acks get lost.
   */
  async function restartSpilling(): Promise<void> {
    spills = true;
    await writeConfiguration();
    await isReady();
    isPaused = source.isUnbounded === true;
    run.child.kill('SIGTERM');
    const code = await run.code;
    if (code !== 0) throw new Error(`araldo ended with ${code}: ${run.out.stderr}`);
    await sink.proxy.down();
    const { accepted } = source.proxy;
    run = start();
    await holds('it connects to its source', () => source.proxy.accepted > accepted);
    await portOf(run);
    const opened = await lastWritten();
    if (isPaused) {
      await sleep(SETTLED_MS);
      return;
    }
    isUrged = true;
    await until('it spills', async () => (await lastWritten()) > opened, SPILLING_MS);
    isUrged = false;
  }

  /** A process that begins has no ear for signals yet, and one that is not ready has no place in the middle of anything. */
  async function isReady(): Promise<void> {
    const port = await portOf(run);
    const answer = async (): Promise<boolean> => {
      const answered = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
      return answered?.ok === true;
    };
    await until('araldo is ready', answer, Math.max(1, deadline - performance.now()));
  }

  /** Or nothing more can be: all of the window came before its confirmations were held back. */
  async function moreIsPublished(): Promise<void> {
    const had = tally.delivered + tally.duplicated;
    const quietAt = performance.now() + QUIET_MS;
    const isMore = (): boolean => tally.delivered + tally.duplicated > had;
    await holds('more is published', () => isMore() || performance.now() > quietAt);
  }

  /** In milliseconds. */
  async function lastWritten(): Promise<number> {
    const { mtimeMs } = await stat(`${disk}-wal`);
    return mtimeMs;
  }
}
