/** One question to the servers, and what it needs to be asked. */
import type { Araldo } from '../peers/araldo.ts';
import type { System } from '../peers/system.ts';
import type { Section } from '../report/section.ts';

export interface Workload {
  /** What it is called by: `npm run bench -- NAME`. */
  readonly name: string;
  readonly title: string;
  /** One that takes too long for every day runs only when it is named. */
  readonly isOnRequest?: boolean;
  run(bench: Bench): Promise<Section>;
}

export interface Bench {
  /** How long each run measures. */
  readonly seconds: number;
  /** How often the systems take turns. */
  readonly runs: number;
  readonly araldo: Araldo;
  /** What is installed of the others, by name. */
  readonly peers: ReadonlyMap<string, System>;
  /** What is not, with why. */
  readonly missing: ReadonlyMap<string, string>;
  readonly redis: boolean;
  /** A line for whoever watches. */
  say(text: string): void;
}

/** The text of 125 bytes that is sent unless a workload needs another: the longest with a short header. */
export const PAYLOAD: string = textOf(125);

export function textOf(bytes: number): string {
  return 'araldo carries messages from anywhere to anywhere; '.repeat(Math.ceil(bytes / 51)).slice(0, bytes);
}
