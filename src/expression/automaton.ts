/** Runs the program of a pattern over a text: all of its ways at once, so that it never goes back. */

/** One step; the way goes on with the next unless the step says otherwise. At the end of a program is a match. */
export type Step =
  | { readonly kind: 'character'; readonly code: number }
  | { readonly kind: 'class'; readonly has: (code: number) => boolean }
  | { readonly kind: 'assert'; readonly assertion: '^' | '$' | '\\b' | '\\B' }
  | { readonly kind: 'jump'; readonly to: number }
  /** Two ways: the next step and another. */
  | { readonly kind: 'fork'; readonly other: number };

export type Program = readonly Step[];

/** No character: before the start and after the end of a text. */
const NONE = -1;

/** Whether there is a match anywhere in the text. Each character costs at most as many steps as there are. */
export function search(program: Program, text: string): boolean {
  /** The steps at which ways stand before the next character, and the round in which each was noted. */
  let ways: number[] = [];
  let next: number[] = [];
  const notedIn = new Int32Array(program.length + 1);
  let round = 0;
  const open: number[] = [];

  /** Notes a way, and all that it leads to without a character. Returns whether one of them is a match. */
  const follow = (start: number, into: number[], before: number, after: number): boolean => {
    open.push(start);
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (notedIn[at] === round) continue;
      notedIn[at] = round;
      const step = program[at];
      if (step === undefined) {
        open.length = 0;
        return true;
      }
      if (step.kind === 'jump') open.push(step.to);
      else if (step.kind === 'fork') open.push(at + 1, step.other);
      else if (step.kind !== 'assert') into.push(at);
      else if (holds(step.assertion, before, after)) open.push(at + 1);
    }
    return false;
  };

  let before = NONE;
  let place = 0;
  let after = text.length > 0 ? (text.codePointAt(0) as number) : NONE;
  round += 1;
  for (;;) {
    // A match may start at any character.
    if (follow(0, ways, before, after)) return true;
    if (after === NONE) return false;
    place += after > 0xffff ? 2 : 1;
    before = after;
    after = place < text.length ? (text.codePointAt(place) as number) : NONE;
    round += 1;
    for (const at of ways) {
      const step = program[at] as Step;
      const isTaken =
        step.kind === 'character' ? step.code === before : step.kind === 'class' && step.has(before);
      if (isTaken && follow(at + 1, next, before, after)) return true;
    }
    ways.length = 0;
    [ways, next] = [next, ways];
  }
}

function holds(assertion: '^' | '$' | '\\b' | '\\B', before: number, after: number): boolean {
  switch (assertion) {
    case '^':
      return before === NONE;
    case '$':
      return after === NONE;
    case '\\b':
      return isWord(before) !== isWord(after);
    case '\\B':
      return isWord(before) === isWord(after);
    default:
      return assertion satisfies never;
  }
}

/** A letter, a digit or an underscore, in ASCII. */
function isWord(code: number): boolean {
  if (code >= 0x61) return code <= 0x7a;
  if (code >= 0x41) return code <= 0x5a || code === 0x5f;
  return code >= 0x30 && code <= 0x39;
}
