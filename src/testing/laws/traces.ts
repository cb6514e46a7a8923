/** Which message a payload stems from, told by its content: ids alone cannot show a step that swaps payloads. */
import type { Sent } from '../sent.ts';

/** `undefined` where nothing in the payload tells, or what is in it stems from several. */
export type Tracer = (payload: unknown) => Sent | undefined;

/** A text so long that no step makes it by chance. */
const TELLING = 4;

/** No payload is looked at further than this many parts. */
const MOST_PARTS = 256;

/** @param trace what names a message in payloads; unless given, every text in them that only one message has */
export function createTracer(sent: readonly Sent[], trace?: (payload: unknown) => unknown): Tracer {
  const owners = new Map<unknown, Sent | 'several'>();
  const marksOf = (payload: unknown): readonly unknown[] => {
    if (trace === undefined) return textsIn(payload);
    try {
      const mark = trace(payload);
      return mark === undefined ? [] : [mark];
    } catch {
      // What a step gives need not have the form of what was sent.
      return [];
    }
  };
  for (const one of sent) {
    for (const mark of marksOf(one.payload)) {
      const owner = owners.get(mark);
      owners.set(mark, owner === undefined || owner === one ? one : 'several');
    }
  }
  return (payload) => {
    let found: Sent | undefined;
    for (const mark of marksOf(payload)) {
      const owner = owners.get(mark);
      if (owner === undefined || owner === 'several') continue;
      if (found !== undefined && found !== owner) return undefined;
      found = owner;
    }
    return found;
  };
}

function textsIn(payload: unknown): readonly string[] {
  const texts: string[] = [];
  const open: unknown[] = [payload];
  for (let parts = 0; open.length > 0 && parts < MOST_PARTS; parts += 1) {
    const part = open.pop();
    if (typeof part === 'string') {
      if (part.length >= TELLING) texts.push(part);
    } else if (typeof part === 'object' && part !== null && !(part instanceof Uint8Array)) {
      for (const inner of Object.values(part as Record<string, unknown>)) open.push(inner);
    }
  }
  return texts;
}
