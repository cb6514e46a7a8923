/**
 * What every endpoint must show against its real server, in real time: what `endpointLaws` cannot see, whose other side
 * is played in virtual time.
 */
import type { BatterySizes, BatterySkip, PlayedCase } from './battery-case.ts';
import { faultCases } from './battery-faults.ts';
import { messageCases } from './battery-messages.ts';
import { refusalCases } from './battery-refusals.ts';
import { settlingCases } from './battery-settling.ts';
import { createBatteryStage } from './battery-stage.ts';
import type { BatteryWorld } from './battery-world.ts';

export interface EndpointUnderBattery {
  /**
   * Called for each case. What takes long to start may run on from case to case: then each world has places of its
   * own in it, and its `end` leaves the server be.
   */
  readonly start: () => Promise<BatteryWorld>;
  /** How many messages a case carries. Default 200; those that kill or cut carry ten times as many. */
  readonly messages?: number;
  /** How often the server is killed, and the connection cut. Default 2. */
  readonly kills?: number;
  /** How long a case waits for what must happen, in milliseconds: what never does is found then. Default 60,000. */
  readonly patienceMs?: number;
}

export interface BatteryCase {
  /** `endpoint-mine loses nothing to random nacks` */
  readonly name: string;
  /** Rejects when the endpoint does not do so; resolves with the reason where the case cannot be. */
  check(): Promise<BatterySkip | undefined>;
}

/**
 * The cases for one endpoint, for any test runner. Each takes a few seconds at most.
 *
 * @example
 * const under = { start: async () => ({ plugin, server, source: (at) => ({ url: `mine://${at.host}:${at.port}` }), put }) };
 * for (const one of endpointBattery('endpoint-mine', under)) {
 *   test(one.name, async (context) => {
 *     const outcome = await one.check();
 *     if (outcome !== undefined) context.skip(outcome.skipped);
 *   });
 * }
 */
export function endpointBattery(name: string, under: EndpointUnderBattery): readonly BatteryCase[] {
  const sizes: BatterySizes = { messages: under.messages ?? 200, kills: under.kills ?? 2 };
  return cases.map((one) => ({
    name: `${name} ${one.name}`,
    async check() {
      await using stage = await createBatteryStage(under.start, under.patienceMs ?? 60_000);
      const reason = stage.world.cannot?.[one.name] ?? lackOf(one, stage.world);
      if (reason !== undefined) return { skipped: reason };
      return await one.play(stage, sizes);
    },
  }));
}

const cases: readonly PlayedCase[] = [...messageCases, ...settlingCases, ...faultCases, ...refusalCases];

function lackOf({ needs }: PlayedCase, world: BatteryWorld): string | undefined {
  const lacks = needs.filter((word) => world[word] === undefined);
  return lacks.length === 0 ? undefined : `its world has no ${lacks.join(', ')}`;
}
