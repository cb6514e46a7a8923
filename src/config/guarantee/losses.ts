/** How a message may be lost between a source and a sink: each way with what causes it and what to do about it. */
import type { Place } from '../../core/errors.ts';
import { isLossy } from '../../core/overflow.ts';
import { isKept, type Pair, stepsOf } from './pair.ts';

export interface Loss {
  readonly text: string;
  readonly cure: string;
  /** What causes it; absent where that is the endpoint itself. */
  readonly place?: Place;
}

export function lossesOf(pair: Pair): readonly Loss[] {
  return [atSource, inSteps, atLeg, atSink, onError].flatMap((ways) => ways(pair));
}

/** The same without those of the leg and its sink. */
export function lossesBesidesLeg(pair: Pair): readonly Loss[] {
  return [atSource, inSteps, onError].flatMap((ways) => ways(pair));
}

/** Why none is lost, where `lossesOf` has nothing to say. */
export function keptBy({ source, sink, sends, leg, route }: Pair): readonly string[] {
  const { name } = sink.plan;
  const { onError } = route.plan;
  const disk = leg.plan.spill === undefined ? '' : ', or is on the disk of its leg';
  const failed = typeof onError === 'string' ? 'stops the route' : `goes to ${onError.deadLetter}`;
  return [
    `${source.plan.name} keeps a message until ${name} has confirmed it (${sends.confirms})${disk}`,
    `what fails ${failed} (on-error)`,
  ];
}

function atSource(pair: Pair): readonly Loss[] {
  const { source, reads } = pair;
  const { name } = source.plan;
  const cure = `read from a source that keeps messages until they are acknowledged; ${source.plan.id} does not`;
  const away = isKept(pair)
    ? []
    : [
        {
          text: `${name} keeps no message for araldo: when araldo stops hard, what it had read is gone`,
          cure,
        },
      ];
  const fast = reads.canPause
    ? []
    : [
        {
          text: `${name} cannot be held back: what comes while araldo is away or slow is lost before it is read`,
          cure,
        },
      ];
  return [...away, ...fast];
}

function inSteps({ route }: Pair): readonly Loss[] {
  return stepsOf(route).flatMap(({ plan, definition, place }) => {
    if (definition.kind !== 'rx' || definition.obligations !== 'opaque') return [];
    return {
      text: `the step ${plan.use} is opaque: a message is acknowledged when the step takes it, whatever comes of it`,
      cure: `have ${plan.use} forward or settle what it takes, and declare obligations: 'preserved'`,
      place,
    };
  });
}

function atLeg({ leg, sink }: Pair): readonly Loss[] {
  const { overflow, spill } = leg.plan;
  const { place } = leg;
  const { name } = sink.plan;
  if (isLossy(overflow)) {
    return [
      {
        text: `the leg to ${name} acknowledges what it accepts, and ${lossOf(overflow)}`,
        cure: 'write overflow: pause, or spill',
        place,
      },
    ];
  }
  if (spill?.then === 'drop-oldest' || spill?.then === 'drop-newest') {
    const which = spill.then === 'drop-oldest' ? 'the oldest' : 'what arrives';
    return [
      {
        text: `the leg to ${name} gives up ${which} when its disk part is full`,
        cure: 'write then: pause',
        place,
      },
    ];
  }
  return [];
}

function lossOf(overflow: Pair['leg']['plan']['overflow']): string {
  switch (overflow) {
    case 'drop-oldest':
      return 'full, gives up the oldest';
    case 'drop-newest':
      return 'full, gives up what arrives';
    case 'latest':
    case 'sample':
      return 'keeps only the newest of each key';
    default:
      return 'may give it up';
  }
}

function atSink({ sink, sends, leg }: Pair): readonly Loss[] {
  const { name } = sink.plan;
  const { place } = leg;
  if (sends.reaches === 'peers') {
    const text = `${name} reaches the peers that are connected: who is not, or cannot keep up, does not get it`;
    return [
      { text, cure: 'send to a system that keeps messages, for those who must have all of them', place },
    ];
  }
  if (sends.confirms !== 'handed' && sends.confirms !== 'flushed') return [];
  const where = sends.confirms === 'handed' ? 'its client library has it' : 'it has left this process';
  const text = `${name} confirms a message when ${where}, not when the other side does`;
  return [{ text, cure: 'send to a sink whose other side confirms what it has', place }];
}

/** What cannot be processed is not delivered; it is lost where nobody keeps it. */
function onError({ route, source, endpoints }: Pair): readonly Loss[] {
  const { onError } = route.plan;
  const { place } = route;
  if (onError === 'hold') return [];
  const cure = 'write on-error: hold, or { dead-letter: … } to a sink whose other side confirms';
  if (onError === 'discard') {
    return [
      { text: 'a message that fails is counted, acknowledged and gone (on-error: discard)', cure, place },
    ];
  }
  if (onError === 'nack') {
    const text = `a message that fails ${source.plan.maxDeliveries} times is given up (on-error: nack)`;
    return [{ text, cure, place }];
  }
  const { deadLetter } = onError;
  const letters = endpoints.get(deadLetter)?.capabilities.sink;
  const isSafe = letters?.confirms === 'accepted' || letters?.confirms === 'durable';
  if (isSafe && letters.reaches === 'system') return [];
  return [{ text: `a message that fails goes to ${deadLetter}, which may lose it`, cure, place }];
}
