/** Where in an expression an offset is, in words. */

/** `at column 14`, or `at line 2, column 3` of an expression of several lines. Both start at 1. */
export function placeIn(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  return text.includes('\n') ? `at line ${before.length}, column ${column}` : `at column ${column}`;
}
