/**
 * YAML → tree, within limits. The library composes recursively, and deep input can end the process past any
 * `try`; so its tokens are fed to its parser one at a time, and nothing is composed before the depth, the
 * number of tokens and the number of errors are known to be small.
 */
import { Composer, type Document, Lexer, LineCounter, Parser } from 'yaml';
import { MAX_PROBLEMS, type Problems, type Spot } from './problem.ts';
import { MAX_DEPTH, type Node } from './tree.ts';
import { type Reading, treeOf } from './yaml-tree.ts';

/** In bytes of UTF-8. */
export const MAX_YAML_BYTES: number = 1024 * 1024;

/** Some 4,000 endpoints and routes; 1 MiB of punctuation would take the library many seconds. */
export const MAX_TOKENS = 200_000;

type Token = ReturnType<Parser['next']> extends Generator<infer T> ? T : never;

/** Throws a `ConfigurationError` for text that is not YAML or is beyond a limit. */
export function readYaml(text: string, file: string | undefined, problems: Problems): Node {
  const lines = new LineCounter();
  const spot = (offset: number, length: number, path?: string): Spot => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    const place = {
      ...(file === undefined ? {} : { file }),
      line: Math.max(1, line),
      column: Math.max(1, col),
      ...(path === undefined ? {} : { path }),
    };
    return { place, length };
  };
  const reading: Reading = { problems, spot };

  checkSize(text, reading, lines);
  return treeOf(compose(text, readTokens(text, reading, lines), reading, lines), reading);
}

function checkSize(text: string, { problems, spot }: Reading, lines: LineCounter): void {
  if (Buffer.byteLength(text) <= MAX_YAML_BYTES) return;
  // The place is where the limit is passed.
  const kept = Buffer.from(text).subarray(0, MAX_YAML_BYTES).toString();
  lines.addNewLine(0);
  for (let at = kept.indexOf('\n'); at !== -1; at = kept.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  problems.report('yaml-limit', spot(kept.length, 1), 'expected at most 1 MiB of YAML, found more');
  problems.throwIfAny();
}

function readTokens(text: string, { problems, spot }: Reading, lines: LineCounter): Token[] {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  const tokens: Token[] = [];
  let count = 0;
  let errors = 0;

  const stop = (words: string): void => {
    problems.report('yaml-limit', spot(parser.offset, 1), words);
    problems.throwIfAny();
  };

  for (const lexeme of new Lexer().lex(text)) {
    // One lexeme opens one collection at most, and the parser recurses no deeper than what is open.
    for (const token of parser.next(lexeme)) {
      tokens.push(token);
      if (token.type === 'error') errors += 1;
    }
    if (errors >= MAX_PROBLEMS) break;
    if (++count > MAX_TOKENS) stop(`expected at most ${MAX_TOKENS} tokens, found more`);
    if (depthOf(parser) > MAX_DEPTH) stop(`expected at most ${MAX_DEPTH} levels of nesting, found more`);
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}

function depthOf({ stack }: Parser): number {
  if (stack.length <= MAX_DEPTH) return stack.length;
  return stack.filter(
    ({ type }) => type === 'block-map' || type === 'block-seq' || type === 'flow-collection',
  ).length;
}

function compose(
  text: string,
  tokens: Token[],
  { problems, spot }: Reading,
  lines: LineCounter,
): Document.Parsed {
  const composer = new Composer({
    lineCounter: lines,
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    stringKeys: true,
    strict: true,
    // Comparing each key with all before it takes quadratic time: the tree compares them.
    uniqueKeys: false,
  });
  // One by one: what follows a second document is never composed.
  const documents = composer.compose(tokens, true, text.length);
  const document = documents.next().value ?? undefined;
  const another = documents.next().value ?? undefined;
  if (document === undefined) throw new Error('the composer gives a document when it is made to');

  for (const { pos, message } of [...document.errors, ...document.warnings]) {
    problems.report('yaml-invalid', spot(pos[0], pos[1] - pos[0]), lowerFirst(message));
  }
  if (another !== undefined) {
    problems.report('yaml-invalid', spot(another.range[0], 3), 'expected one document, found another');
  }
  problems.throwIfAny();
  return document;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
