// Payloads that say where they come from, so that an oracle needs nothing but what it sees go by.
//
// `A0:12@1/0` is the first part of message 12 of lane A0 at its first delivery; `[A0:1@1|B0:7@2]` a batch; a `!`
// before a part says that it has passed an opaque step, so that nobody waits for it any more; `~` is padding.

export interface Leaf {
  readonly source: number;
  readonly lane: string;
  readonly number: number;
  readonly delivery: number;
  /** Names one delivery of one message: `A0:12@1`. */
  readonly tag: string;
  readonly hasObligation: boolean;
}

export type Reader = (payload: string) => readonly Leaf[];

/** Reads the parts of a payload; remembers what it has read. */
export function createReader(): Reader {
  const known = new Map<string, readonly Leaf[]>();
  return (payload) => {
    let leaves = known.get(payload);
    if (leaves === undefined) {
      leaves = payload
        .replace(/[[\]]/g, '')
        .split('|')
        .map((text) => leafOf(text, payload));
      known.set(payload, leaves);
    }
    return leaves;
  };
}

const form = /^(!?)(([A-Z])\d+[a-z]?):(\d+)~*@(\d+)/;

function leafOf(text: string, payload: string): Leaf {
  const found = form.exec(text);
  if (found === null) throw new Error(`the harness lost track of payload ${payload}`);
  const [, mark, lane, letter, number, delivery] = found as unknown as string[];
  return {
    source: (letter as string).charCodeAt(0) - 65,
    lane: lane as string,
    number: Number(number),
    delivery: Number(delivery),
    tag: `${lane}:${number}@${delivery}`,
    hasObligation: mark === '',
  };
}

export function laneName(source: number, lane: number, epoch: number): string {
  return `${String.fromCharCode(65 + source)}${lane}${epoch === 0 ? '' : String.fromCharCode(97 + epoch)}`;
}

/** What marks every part as past an opaque step. */
export function released(payload: string): string {
  return payload.replace(/(^|[[|])(?=[A-Z])/g, '$1!');
}

/** What a plan is indexed by: depends on the message, and changes with its deliveries. */
export function numberOf(leaves: readonly Leaf[]): number {
  const first = leaves[0];
  return first === undefined ? 0 : first.number + 2 * (first.delivery - 1);
}
