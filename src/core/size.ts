/** How much memory a payload stands for, in bytes, roughly: byte bounds count with it. */

/** No value is looked at further than this many parts, so that the estimate itself is bounded. */
const MAX_PARTS = 256;

const CELL = 8;

/**
 * The bytes of a payload that has no wire form: exact for bytes, two a character for text, and an estimate
 * over at most 256 parts for structures. Of one that throws when it is looked at, what was seen until then.
 */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length * 2;
  if (value instanceof Uint8Array) return value.byteLength;
  if (typeof value !== 'object' || value === null) return CELL;

  let size = 0;
  let parts = 0;
  const open: unknown[] = [value];
  try {
    while (open.length > 0 && parts < MAX_PARTS) {
      const part = open.pop();
      parts += 1;
      if (typeof part === 'string') size += part.length * 2;
      else if (part instanceof Uint8Array) size += part.byteLength;
      else if (typeof part === 'object' && part !== null) {
        for (const key of Object.keys(part).slice(0, MAX_PARTS)) {
          size += key.length + CELL;
          open.push((part as Record<string, unknown>)[key]);
        }
      } else size += CELL;
    }
  } catch {
    // A getter or a proxy of a step's making: a leg must be able to keep it all the same.
    return size + CELL;
  }
  return size;
}
