// Topics that are there when a test goes on, however busy the broker is.

import { setTimeout as sleep } from 'node:timers/promises';
import { Admin } from '@platformatic/kafka';
import { protocolErrorsOf } from '../../plugins/endpoint-kafka/refusal.ts';

export interface TopicOptions {
  /** Default 1. */
  readonly partitions?: number;
  /** As of the broker: `{ 'max.message.bytes': '2000' }`. */
  readonly config?: Readonly<Record<string, string>>;
}

const withinMs = 60_000;

/** What a broker says that has just started, or has more to do than it can. An error without a name is a lost answer. */
const passing: ReadonlySet<string> = new Set([
  'REQUEST_TIMED_OUT',
  'NOT_CONTROLLER',
  'INVALID_REPLICATION_FACTOR', // of no broker that is ready
  'LEADER_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
]);

/** Resolves when all topics are there, each partition with a leader; those that were there already stay as they are. */
export async function createTopics(
  broker: string,
  topics: readonly string[],
  { partitions = 1, config = {} }: TopicOptions = {},
): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [broker], retries: 0 });
  const configs = Object.entries(config).map(([name, value]) => ({ name, value }));
  try {
    for (const topic of topics)
      await again(async () => {
        // The first try may have made it, and its answer came too late.
        await admin.createTopics({ topics: [topic], partitions, replicas: 1, configs }).catch(unlessThere);
        await admin.metadata({ topics: [topic], forceUpdate: true });
      });
  } finally {
    await admin.close();
  }
}

function unlessThere(thrown: unknown): void {
  if (!protocolErrorsOf(thrown).includes('TOPIC_ALREADY_EXISTS')) throw thrown;
}

async function again(work: () => Promise<void>): Promise<void> {
  for (const end = performance.now() + withinMs; ; await sleep(100)) {
    try {
      return await work();
    } catch (thrown) {
      const isPassing = protocolErrorsOf(thrown).every((name) => passing.has(name));
      if (!isPassing || performance.now() > end) throw thrown;
    }
  }
}
