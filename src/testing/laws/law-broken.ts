/** The error of a law that does not hold: all that a person needs to see why, and to see it again. */
import { type Scenario, scenarioText } from '../scenario.ts';
import { type Timeline, timelineText } from '../timeline.ts';

export interface LawBrokenOptions {
  readonly number: number;
  readonly name: string;
  readonly sentence: string;
}

/**
 * Its message tells the law, what broke it, the smallest scenario as a timeline, and how to repeat it.
 *
 * @example
 * try {
 *   await law.order(relayOf);
 * } catch (error) {
 *   if (error instanceof LawBroken) console.log(error.seed, error.path, error.scenario);
 * }
 */
export class LawBroken extends Error {
  override readonly name = 'LawBroken';
  readonly law: LawBrokenOptions;
  /** What is wrong, in a sentence that names the step, leg or endpoint. */
  readonly breach: string;
  /** The smallest that was found. */
  readonly scenario: Scenario;
  readonly timeline: Timeline;
  /** Given to the check again, they repeat the failure. */
  readonly seed: number;
  readonly path: string;

  constructor(
    { number, name, sentence }: LawBrokenOptions,
    {
      text,
      played,
    }: {
      readonly text: string;
      readonly played: { readonly scenario: Scenario; readonly relay: { timeline(): Timeline } };
    },
    { seed, path }: { readonly seed: number; readonly path: string },
  ) {
    const { scenario } = played;
    const timeline = played.relay.timeline();
    super(
      [
        `law ${number} (${name}) is broken: ${text}`,
        `  ${sentence}`,
        'smallest scenario:',
        indented(scenarioText(scenario)),
        'what happened:',
        timelineText(timeline),
        `repeat with { seed: ${seed}, path: '${path}' }`,
      ].join('\n'),
    );
    this.law = { number, name, sentence };
    this.breach = text;
    this.scenario = scenario;
    this.timeline = timeline;
    this.seed = seed;
    this.path = path;
  }
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ');
}
