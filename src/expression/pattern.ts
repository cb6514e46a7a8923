/**
 * The patterns of `matches()`: regular expressions whose time grows with the text and nothing else. JavaScript's
 * own go back and try again, so that a text of thirty characters, which anybody may send, can take them years.
 */
import { type Program, type Step, search } from './automaton.ts';

/** The most steps of a program; a repetition `{n,m}` is written out. */
const MOST_STEPS = 256;

/** The most characters of a text; times the steps of a program, that bounds the time of a search. */
const LONGEST_TEXT = 65_536;

const DEEPEST = 32;

/**
 * A test whether the pattern is found anywhere in a text. The pattern is one of JavaScript with the flag `u`,
 * without what needs memory: no look-around, no back references, no names.
 *
 * Throws a `RangeError` or `SyntaxError` for other patterns; the test throws a `RangeError` for a text of more
 * than 65,536 characters.
 *
 * @example
 * compilePattern('^[a-z]+-[0-9]{1,4}$')('order-17') // true
 */
export function compilePattern(pattern: string): (text: string) => boolean {
  // For its errors: what follows takes a pattern that is well-formed.
  const { source } = new RegExp(pattern, 'u');
  const program = pattern === '' ? [] : write(new Reader(source).read());

  return (text) => {
    if (text.length > LONGEST_TEXT) {
      throw new RangeError(
        `matches() takes texts of at most ${LONGEST_TEXT} characters, found ${text.length}`,
      );
    }
    return search(program, text);
  };
}

type Node =
  | { readonly kind: 'step'; readonly step: Step }
  | { readonly kind: 'sequence' | 'either'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly least: number; readonly most: number };

/** Reads a well-formed pattern from left to right. */
class Reader {
  private readonly source: string;
  private place = 0;
  private depth = 0;

  constructor(source: string) {
    this.source = source;
  }

  /** Up to the end, or to the parenthesis that closes the group. */
  read(): Node {
    const branches: Node[] = [];
    let parts: Node[] = [];
    for (; this.place < this.source.length && this.source[this.place] !== ')'; ) {
      if (this.takes(/\|/y)) {
        branches.push({ kind: 'sequence', parts });
        parts = [];
      } else parts.push(this.repeated(this.atom()));
    }
    branches.push({ kind: 'sequence', parts });
    return branches.length === 1 ? (branches[0] as Node) : { kind: 'either', parts: branches };
  }

  private atom(): Node {
    if (this.takes(/\((?:\?:)?(?!\?)/y)) return this.group();
    const unknown = this.takes(/\(\?(?:<[=!]|.)|\\[1-9k]/y);
    if (unknown !== undefined) {
      throw new RangeError(`a pattern cannot look around or back, nor name groups, found ${unknown}`);
    }
    const assertion = this.takes(/[$^]|\\[bB]/y);
    if (assertion !== undefined) return { kind: 'step', step: { kind: 'assert', assertion } as Step };
    // A class, an escape or a dot: what it means is asked of JavaScript, once for each character.
    const characters = this.takes(
      /\[(?:\\.|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\x..|\\c.|\\.|\./suy,
    );
    if (characters !== undefined) return { kind: 'step', step: { kind: 'class', has: classOf(characters) } };
    const literal = String.fromCodePoint(this.source.codePointAt(this.place) as number);
    this.place += literal.length;
    return { kind: 'step', step: { kind: 'character', code: literal.codePointAt(0) as number } };
  }

  private group(): Node {
    this.depth += 1;
    if (this.depth > DEEPEST) throw new RangeError(`a pattern cannot nest deeper than ${DEEPEST} groups`);
    const group = this.read();
    this.depth -= 1;
    this.place += 1;
    return group;
  }

  /** Greedy or not makes no difference to whether there is a match. */
  private repeated(part: Node): Node {
    const times = this.takes(/(?:[*+?]|\{\d+(?:,\d*)?\})\??/y);
    if (times === undefined) return part;
    const [least, most] = bounds(times);
    return { kind: 'repeat', part, least, most };
  }

  private takes(expression: RegExp): string | undefined {
    expression.lastIndex = this.place;
    const [taken] = expression.exec(this.source) ?? [];
    if (taken !== undefined) this.place += taken.length;
    return taken;
  }
}

function bounds(times: string): [number, number] {
  if (times.startsWith('*')) return [0, Number.POSITIVE_INFINITY];
  if (times.startsWith('+')) return [1, Number.POSITIVE_INFINITY];
  if (times.startsWith('?')) return [0, 1];
  const [, least, comma, most] = /^\{(\d+)(,)?(\d+)?/.exec(times) ?? [];
  const open = comma === undefined ? Number(least) : Number.POSITIVE_INFINITY;
  return [Number(least), most === undefined ? open : Number(most)];
}

const ASCII = 128;

function classOf(source: string): (code: number) => boolean {
  const single = new RegExp(`^${source}$`, 'su');
  // Without the flag s a dot is no line break; with it, `$` and `^` are not needed to know of them.
  const test = source === '.' ? (text: string) => /^.$/u.test(text) : (text: string) => single.test(text);
  const ascii = Array.from({ length: ASCII }, (_none, code) => test(String.fromCharCode(code)));
  return (code) => (code < ASCII ? (ascii[code] as boolean) : test(String.fromCodePoint(code)));
}

/** Writes the program: each step goes on to the next one unless it says otherwise. */
function write(root: Node): Program {
  const program: Step[] = [];

  const add = (step: Step): number => {
    if (program.length >= MOST_STEPS)
      throw new RangeError(`a pattern cannot have more than ${MOST_STEPS} steps`);
    return program.push(step) - 1;
  };
  const fork = (): { kind: 'fork'; other: number } => {
    const step = { kind: 'fork' as const, other: 0 };
    add(step);
    return step;
  };

  const writeNode = (node: Node): void => {
    switch (node.kind) {
      case 'step':
        add(node.step);
        return;
      case 'sequence':
        for (const part of node.parts) writeNode(part);
        return;
      case 'either':
        writeEither(node.parts);
        return;
      case 'repeat':
        writeRepeat(node.part, node.least, node.most);
        return;
      default:
        node satisfies never;
    }
  };

  const writeEither = (parts: readonly Node[]): void => {
    const ends: { kind: 'jump'; to: number }[] = [];
    for (const [place, part] of parts.entries()) {
      if (place === parts.length - 1) {
        writeNode(part);
        break;
      }
      const branch = fork();
      writeNode(part);
      const end = { kind: 'jump' as const, to: 0 };
      add(end);
      ends.push(end);
      branch.other = program.length;
    }
    for (const end of ends) end.to = program.length;
  };

  const writeRepeat = (part: Node, least: number, most: number): void => {
    const before = program.length;
    for (let time = 0; time < least; time += 1) {
      writeNode(part);
      // What has no steps has none however often.
      if (program.length === before) break;
    }
    if (most === Number.POSITIVE_INFINITY) {
      const start = program.length;
      const exit = fork();
      writeNode(part);
      add({ kind: 'jump', to: start });
      exit.other = program.length;
      return;
    }
    const exits = [];
    for (let time = least; time < most; time += 1) {
      exits.push(fork());
      writeNode(part);
    }
    for (const exit of exits) exit.other = program.length;
  };

  writeNode(root);
  return program;
}
