/** One case of the endpoint battery: what it needs, and what it does. */
import type { BatteryStage } from './battery-stage.ts';
import type { BatteryCaseName, BatteryWorld, OutsideMessage } from './battery-world.ts';

export interface BatterySizes {
  /** How many messages a case carries. */
  readonly messages: number;
  /** How often a server is killed, or a connection cut. */
  readonly kills: number;
}

/** Why a case was not played. */
export interface BatterySkip {
  readonly skipped: string;
}

export interface PlayedCase {
  readonly name: BatteryCaseName;
  /** What of the world it uses: without it the case is skipped. */
  readonly needs: readonly (keyof BatteryWorld)[];
  /** May also find out on the way that it cannot be: from the capabilities of an endpoint. */
  play(stage: BatteryStage, sizes: BatterySizes): Promise<BatterySkip | undefined>;
}

/** Different for each number, and of any bytes where the system carries them. */
export function payloadOf(number: number, isText = false): Uint8Array {
  const text = `${number} ${'x'.repeat(number % 97)}`;
  if (isText || number % 3 !== 0) return Buffer.from(text);
  return Buffer.concat([Buffer.from(text), Buffer.from([0, 0xff, 0x0d, 0x0a, number % 256])]);
}

export function payloadsOf(world: BatteryWorld, count: number, from = 0): readonly OutsideMessage[] {
  return Array.from({ length: count }, (_, place) => ({ payload: payloadOf(from + place, world.isText) }));
}
