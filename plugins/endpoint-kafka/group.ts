/** Membership in a consumer group: who owns which partitions, told as it changes, and kept alive by heartbeats. */
import type * as kafka from '@platformatic/kafka';
import type { SchedulerLike, Subscription } from 'rxjs';
import type { AraldoError } from '../../src/core/errors.ts';
import { type Client, cut, guarded, ignore } from './client.ts';
import { protocolErrorsOf, refusal, within } from './refusal.ts';
import { addressOf, type Settings } from './settings.ts';

/** How long the others may take to give up what they own. At least as long as a session. */
const REBALANCE_MS = 30_000;

/** A member that joins while others do is sent back: so often, with growing pauses. */
const MOST_JOINS = 8;
const JOIN_PAUSE_MS = 50;

/** How long what comes before joining may take: meanwhile the others of the group wait. */
const PREPARE_MS = 1_000;

/** How long leaving may take: the group finds out in any case. */
const LEAVE_MS = 1_000;

/** What another member joining, or the group having moved on, is called. */
const isOfGroup = new Set([
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'MEMBER_ID_REQUIRED',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
]);

export interface Assignment {
  readonly memberId: string;
  readonly generation: number;
  readonly topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
}

export interface GroupOptions {
  readonly client: Client;
  readonly settings: Settings;
  readonly group: string;
  /** Whom we were before the connection broke: the group then need not wait until that one is gone. */
  readonly memberId: string | undefined;
  readonly scheduler: SchedulerLike;
  /** Somebody comes or goes. What is owned stays ours until `onAssigned`. */
  readonly onRebalance: () => void;
  /** Called before we join, again after every change: what it does is done while everything is still ours. */
  readonly beforeJoin: () => Promise<void>;
  readonly onAssigned: (assignment: Assignment) => void;
  /** Once, and not after `close` or `leave`. */
  readonly onBroken: (error: AraldoError) => void;
}

export interface Group {
  readonly consumer: kafka.Consumer;
  /** Resolves when we are a member; `onAssigned` was called by then. */
  join(): Promise<void>;
  /** Tells the group that we go, and ends all connections. */
  leave(): Promise<void>;
  /** Ends all connections at once, and stays a member until the session ends. Idempotent. */
  close(): void;
}

export function createGroup(options: GroupOptions): Group {
  const { client, settings, group, scheduler, onRebalance, onAssigned, onBroken } = options;
  const { sessionMs, answerMs, reads } = settings;
  const rebalanceMs = Math.max(REBALANCE_MS, sessionMs);
  const membership = {
    sessionTimeout: sessionMs,
    rebalanceTimeout: rebalanceMs,
    heartbeatInterval: Math.max(1, Math.floor(sessionMs / 3)),
    heartbeatStallTimeout: Math.max(answerMs, sessionMs),
  };
  const consumer = new client.library.Consumer({
    ...client.options,
    ...membership,
    groupId: group,
    autocommit: false,
    // Both are known to the other clients; the second is what theirs prefer.
    protocols: [
      { name: 'roundrobin', version: 1 },
      { name: 'range', version: 1 },
    ],
    // What comes before a member joins: the library waits for it, and sends what it resolves with to the assignor.
    async protocolsMetadata() {
      await Promise.race([options.beforeJoin(), pause(scheduler, PREPARE_MS)]);
      return Buffer.alloc(0);
    },
    // A broker answers a member that joins when all the others have joined.
    requestTimeout: rebalanceMs + answerMs,
  });
  guarded(consumer.connections);
  consumer.topics.trackAll(...reads);
  if (options.memberId !== undefined) consumer.memberId = options.memberId;
  let isOver = false;
  let joins = 0;
  let again: Subscription | undefined;

  const events = consumer as unknown as NodeJS.EventEmitter;
  events.on('consumer:group:rebalance', () => {
    if (!isOver) onRebalance();
  });
  events.on('consumer:group:join', () => {
    joins = 0;
    if (isOver) return;
    onAssigned({
      memberId: String(consumer.memberId),
      generation: consumer.generationId,
      topics: consumer.assignments ?? [],
    });
  });
  // Joining again after a heartbeat that failed has failed.
  events.on('error', (error: unknown) => {
    if (isOver) return;
    if (!isTransient(error) || joins >= MOST_JOINS) return broken(error);
    again = scheduler.schedule(() => void rejoin().catch(broken), pauseBefore(joins));
  });
  events.on('consumer:heartbeat:error', ({ error }: { error: unknown }) => {
    if (!isTransient(error)) broken(error);
  });
  events.on('consumer:heartbeat:stalled', ({ lastError }: { lastError?: unknown }) => {
    broken(lastError ?? new Error('its heartbeats were not answered'));
  });

  return { consumer, join: rejoin, leave, close };

  async function rejoin(): Promise<void> {
    for (;;) {
      joins += 1;
      try {
        await consumer.joinGroup({ ...membership });
        return;
      } catch (thrown) {
        if (isOver || !isTransient(thrown) || joins >= MOST_JOINS) {
          throw refusal(
            'connect-failed',
            `could not join the group ${group} of ${addressOf(settings)}`,
            thrown,
          );
        }
      }
      await new Promise<void>((resolve) => {
        again = scheduler.schedule(() => resolve(), pauseBefore(joins));
      });
    }
  }

  function broken(thrown: unknown): void {
    if (isOver) return;
    close();
    onBroken(refusal('connection-lost', `lost the group ${group} of ${addressOf(settings)}`, thrown));
  }

  async function leave(): Promise<void> {
    if (isOver) return;
    isOver = true;
    again?.unsubscribe();
    const patience = new Promise<void>((resolve) => {
      again = scheduler.schedule(() => resolve(), LEAVE_MS);
    });
    await Promise.race([consumer.close(true).catch(ignore), patience]);
    again?.unsubscribe();
    cut(consumer.connections);
  }

  function close(): void {
    if (isOver) return;
    isOver = true;
    again?.unsubscribe();
    // Without connections it cannot tell the group that it goes; this ends its timers.
    cut(consumer.connections);
    void consumer.close(true).catch(ignore);
  }
}

function pause(scheduler: SchedulerLike, ms: number): Promise<void> {
  return new Promise((resolve) => {
    scheduler.schedule(() => resolve(), ms);
  });
}

function pauseBefore(joins: number): number {
  return JOIN_PAUSE_MS * 2 ** Math.min(joins, 5);
}

/** Whether the group is about to be well again, and nothing is wrong with the connection. */
function isTransient(thrown: unknown): boolean {
  const names = protocolErrorsOf(thrown);
  if (names.length > 0) return names.every((name) => isOfGroup.has(name));
  for (const { code } of within(thrown)) if (code === 'PLT_KFK_NETWORK') return false;
  return false;
}
