/** Runs one of the `tests:` of a configuration, on a relay of its own in virtual time. */
import type { Configuration, StagePart, TestPart } from '../../config/configuration.ts';
import { AraldoError, type Place } from '../../core/errors.ts';
import { type VirtualRelay, virtualRelay } from '../relay.ts';
import type { RelayEvent } from '../relay-event.ts';
import { compare, type Mismatch } from './compare.ts';
import { perform } from './perform.ts';

export interface ExampleResult {
  readonly name: string;
  readonly place: Place;
  /** None: it has passed. */
  readonly mismatches: readonly Mismatch[];
  /** The stage that they were found in, the first is 1; what follows is not played. */
  readonly stage: number;
  readonly stages: number;
  /** What happened, up to there. */
  readonly events: readonly RelayEvent[];
}

export async function runExample(test: TestPart, configuration: Configuration): Promise<ExampleResult> {
  const relay = await virtualRelay({ configuration });
  const { name } = test.plan;
  const stages = test.stages.length;
  let stage = 0;
  let mismatches: readonly Mismatch[] = [];
  try {
    for (const part of test.stages) {
      stage += 1;
      mismatches = await runStage(part, relay);
      if (mismatches.length > 0) break;
    }
  } finally {
    relay.stop();
  }
  return { name, place: test.place, mismatches, stage, stages, events: relay.events };
}

/** Time passes until nothing moves, unless the stage says itself how long it waits. */
async function runStage({ given, expects }: StagePart, relay: VirtualRelay): Promise<readonly Mismatch[]> {
  const before = new Map(expects.map(({ endpoint }) => [endpoint, relay.received(endpoint).length]));
  const start = { atMs: relay.nowMs, receivedBy: (endpoint: string) => before.get(endpoint) ?? 0 };
  for (const part of given) {
    try {
      await perform(relay, part);
    } catch (thrown) {
      return [
        { text: `this could not be done: ${reasonOf(thrown)}`, place: part.place, rows: [], notes: [] },
      ];
    }
  }
  if (given.at(-1)?.plan.do !== 'wait') await relay.rest();
  return compare(expects, relay, start);
}

function reasonOf(thrown: unknown): string {
  if (thrown instanceof AraldoError) return `${thrown.message} (${thrown.code})`;
  return thrown instanceof Error ? thrown.message : String(thrown);
}
