/** `ack` of a route: whether a message waits for all of its sinks, or for the first that has it. */
import { readKey, wordReader } from './fields.ts';
import { keeps, type Targets, targetsOf } from './guarantee/first.ts';
import type { Problems } from './problem.ts';
import type { MapNode } from './tree.ts';
import type { Warn } from './warnings.ts';

const ackReader = wordReader(['all', 'first']);

/** Nothing where a message waits for all. Warns where that would come to the same. */
export function readAck(route: MapNode, sinks: Targets, problems: Problems, warn: Warn): 'first' | undefined {
  const ack = readKey(route, 'ack', problems, ackReader);
  if (ack !== 'first') return undefined;
  const place = route.entries.get('ack')?.value.place ?? {};
  const targets = targetsOf(sinks);
  const keeping = targets.filter((legs) => legs.some(keeps)).length;
  const same = 'ack: first is what ack: all is here, for';
  if (targets.length === 1) {
    warn(place, `${same} each message goes to one sink; list another beside it, or leave ack out`);
  } else if (targets.length > 1 && keeping < 2) {
    const why =
      keeping === 0
        ? 'every leg acknowledges what it takes, and may drop it'
        : 'one leg alone keeps a message until its sink has it';
    warn(place, `${same} ${why}; give two of them overflow: pause, error or spill, or leave ack out`);
  }
  return 'first';
}
