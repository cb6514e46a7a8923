/** Whether the topics of an endpoint are there, before anything is read or written. */
import type * as kafka from '@platformatic/kafka';
import type { SchedulerLike } from 'rxjs';
import { AraldoError } from '../../src/core/errors.ts';
import { type Client, cut, guarded } from './client.ts';
import { protocolErrorsOf, refusal } from './refusal.ts';
import { addressOf, type Creation, type Settings } from './settings.ts';

/** A topic that was created has its leaders a moment later: looked for so often, with such pauses. */
const LOOKS = 50;
const LOOK_EVERY_MS = 100;

export interface TopicsOptions {
  readonly client: Client;
  /** Any client: it asks. */
  readonly base: kafka.Base;
  readonly settings: Settings;
  readonly scheduler: SchedulerLike;
  readonly signal: AbortSignal;
}

/** Resolves when all topics are there, created where that was asked for. Rejects with one `AraldoError` that says why not. */
export async function ensureTopics(options: TopicsOptions): Promise<void> {
  const { settings } = options;
  const topics = [
    ...new Set([...settings.reads, ...(settings.writes === undefined ? [] : [settings.writes])]),
  ];
  for (const topic of topics) {
    try {
      await options.base.metadata({ topics: [topic], forceUpdate: true });
    } catch (thrown) {
      options.signal.throwIfAborted();
      if (!isMissing(thrown)) throw refused(settings, topic, thrown);
      if (settings.create === undefined) throw missing(settings, topic);
      await create(options, topic, settings.create);
    }
  }
}

async function create(
  options: TopicsOptions,
  topic: string,
  { partitions, replicas }: Creation,
): Promise<void> {
  const { client, settings, signal } = options;
  const admin = new client.library.Admin(client.options);
  guarded(admin.connections);
  try {
    await admin.createTopics({ topics: [topic], partitions, replicas });
  } catch (thrown) {
    // Another was faster.
    if (!protocolErrorsOf(thrown).includes('TOPIC_ALREADY_EXISTS')) throw refused(settings, topic, thrown);
  } finally {
    cut(admin.connections);
  }
  for (let look = 1; ; look += 1) {
    try {
      await options.base.metadata({ topics: [topic], forceUpdate: true });
      return;
    } catch (thrown) {
      signal.throwIfAborted();
      const isEarly = isMissing(thrown) || protocolErrorsOf(thrown).includes('LEADER_NOT_AVAILABLE');
      if (!isEarly || look === LOOKS) throw refused(settings, topic, thrown);
    }
    await pause(options.scheduler, LOOK_EVERY_MS);
  }
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.message.startsWith('Unknown topic');
}

function missing(settings: Settings, topic: string): AraldoError {
  return new AraldoError(
    'connect-failed',
    `${addressOf(settings)} has no topic ${topic}; check topic and topics, create it, or state create: true`,
  );
}

function refused(settings: Settings, topic: string, thrown: unknown): AraldoError {
  const names = protocolErrorsOf(thrown);
  const isOfTopic = names.some((name) => name.includes('TOPIC'));
  const what = isOfTopic ? `could not use the topic ${topic} of` : 'could not connect to';
  return refusal('connect-failed', `${what} ${addressOf(settings)}`, thrown);
}

function pause(scheduler: SchedulerLike, ms: number): Promise<void> {
  return new Promise((resolve) => {
    scheduler.schedule(() => resolve(), ms);
  });
}
