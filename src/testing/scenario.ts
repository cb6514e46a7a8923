/** What happens to a relay in one case, as plain data: it shrinks, prints, and can be kept as a regression test. */
import type { Meta } from '../core/message.ts';
import { begunAnew } from './begun-anew.ts';
import type { VirtualRelay } from './relay.ts';
import { shown } from './shown.ts';

export type ScenarioAction =
  | {
      readonly do: 'send';
      readonly to: string;
      readonly payload: unknown;
      readonly meta?: Meta;
      /** A step (`orders.via[0] map`) throws at this message, however often it comes. */
      readonly failsIn?: string;
    }
  /** Text that travels as it is, past the marshaller of the endpoint: malformed, as a rule. */
  | { readonly do: 'send-raw'; readonly to: string; readonly text: string; readonly meta?: Meta }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'stall' | 'resume'; readonly sink: string }
  /** The next messages it is sent are refused. */
  | { readonly do: 'refuse'; readonly sink: string; readonly count: number }
  /** Each message is refused once, and taken when it comes again. */
  | { readonly do: 'refuse-once'; readonly sink: string }
  | { readonly do: 'latency'; readonly sink: string; readonly ms: number }
  | { readonly do: 'down' | 'up'; readonly endpoint: string }
  | { readonly do: 'hold' | 'release'; readonly source: string }
  /** A step throws at the next message that comes to it, however often that one comes. */
  | { readonly do: 'poison'; readonly step: string }
  | { readonly do: 'restart' }
  /** To the same configuration; or to one that is equal but for a route, whose `anew` begin anew. */
  | { readonly do: 'reload'; readonly route?: string; readonly anew?: 'steps' | 'legs' };

export type Scenario = readonly ScenarioAction[];

/**
 * Does it all, in order, to a relay; `after` is called after each action.
 *
 * @example
 * await play(relay, [
 *   { do: 'stall', sink: 'archive' },
 *   { do: 'send', to: 'orders', payload: { id: 1 } },
 *   { do: 'restart' },
 * ]);
 */
export async function play(
  relay: VirtualRelay,
  scenario: Scenario,
  after: () => void = () => undefined,
): Promise<void> {
  for (const action of scenario) {
    await perform(relay, action);
    // What promises bring comes between two actions, however many there are.
    await relay.advance(0);
    after();
  }
}

async function perform(relay: VirtualRelay, action: ScenarioAction): Promise<void> {
  switch (action.do) {
    case 'send':
      if (action.failsIn !== undefined) relay.poison(action.failsIn, relay.sent.length);
      relay.send(action.to, action.payload, action.meta);
      return;
    case 'send-raw':
      relay.send(action.to, Buffer.from(action.text), action.meta);
      return;
    case 'wait':
      return relay.advance(action.ms);
    case 'stall':
      return relay.sink(action.sink).stall();
    case 'resume':
      return relay.sink(action.sink).resume();
    case 'refuse':
      return relay.sink(action.sink).failNext(action.count);
    case 'refuse-once':
      return relay.sink(action.sink).nack();
    case 'latency':
      return relay.sink(action.sink).latency(action.ms);
    case 'down':
      return relay.down(action.endpoint);
    case 'up':
      return relay.up(action.endpoint);
    case 'hold':
      return relay.source(action.source).hold();
    case 'release':
      return relay.source(action.source).release();
    case 'poison':
      return relay.poison(action.step);
    case 'restart':
      return relay.restart();
    case 'reload':
      return relay.reload({ configuration: begunAnew(relay.configuration, action) });
    default:
      return action satisfies never;
  }
}

/** A line for each action. */
export function scenarioText(scenario: Scenario): string {
  return scenario
    .map(({ do: verb, ...rest }) => `${verb} ${Object.entries(rest).map(wordOf).join(' ')}`.trimEnd())
    .join('\n');
}

function wordOf([key, value]: [string, unknown]): string {
  return `${key} ${typeof value === 'string' ? value : shown(value)}`;
}
