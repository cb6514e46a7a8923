/** How a value that was not expected is shown in an error: short, and so that text and number differ. */

const LONGEST = 60;

/** `"ten"`, `10`, `a list`, `nothing`. */
export function found(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value);
    case 'undefined':
      return 'nothing';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? 'a list' : 'a map';
    default:
      return String(value);
  }
}
