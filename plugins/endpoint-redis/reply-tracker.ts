/** Knows where the replies end that ioredis is given piece by piece, whatever Redis says in them. */

export interface ReplyTracker {
  /** Whether a reply begins next. */
  readonly isBetweenReplies: boolean;
  /**
   * How far ioredis is to be given `chunk` from `at` on: to the end of a reply, or of the chunk. `undefined` when
   * what begins there is nothing that Redis says: then the end of it cannot be told.
   */
  follow(chunk: Buffer, at: number): number | undefined;
}

const CR = 0x0d;
const LF = 0x0a;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** The types of RESP2 and RESP3 that ioredis knows, by what follows the line that begins with them. */
const kinds = {
  line: '+-:_#,(',
  bytes: '$!=',
  items: '*~>',
  pairs: '%',
} as const;

const kindOf = new Map(
  Object.entries(kinds).flatMap(([kind, types]) =>
    [...Buffer.from(types)].map((type) => [type, kind as keyof typeof kinds]),
  ),
);

export function createReplyTracker(): ReplyTracker {
  /** Values that are still to come until the reply is whole. */
  let values = 0;
  /** Bytes that are still to come of the string at hand. */
  let bytes = 0;
  /** The line at hand: what it begins with, and the number after that. */
  let kind: keyof typeof kinds | undefined;
  let number = 0;
  let isNegative = false;

  /** A value begins. */
  const begin = (type: number): boolean => {
    kind = kindOf.get(type);
    number = 0;
    isNegative = false;
    return kind !== undefined;
  };

  /** Takes one more byte of the number. */
  const read = (byte: number): boolean => {
    if (byte === MINUS) isNegative = true;
    else if (byte >= ZERO && byte <= NINE) number = number * 10 + byte - ZERO;
    else return byte === CR;
    return true;
  };

  /** The line at hand is whole. A number below zero stands for a value that is null. */
  const endLine = (): void => {
    const count = isNegative ? 0 : number;
    values -= 1;
    if (kind === 'bytes' && !isNegative) bytes = number + 2;
    else if (kind === 'items') values += count;
    else if (kind === 'pairs') values += count * 2;
    kind = undefined;
  };

  return {
    get isBetweenReplies() {
      return values === 0 && bytes === 0;
    },
    follow(chunk, from) {
      let at = from;
      if (this.isBetweenReplies) values = 1;
      while (at < chunk.length) {
        if (bytes > 0) {
          const taken = Math.min(bytes, chunk.length - at);
          bytes -= taken;
          at += taken;
        } else {
          const byte = chunk[at] as number;
          at += 1;
          if (kind === undefined) {
            if (!begin(byte)) return undefined;
          } else if (byte === LF) endLine();
          else if (kind !== 'line' && !read(byte)) return undefined;
        }
        if (values === 0 && bytes === 0) return at;
      }
      return at;
    },
  };
}
