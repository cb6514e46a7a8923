/**
 * YAML → tree, within limits. The library composes recursively, and deep input can end the process past any
 * `try`; so its tokens are fed to its parser one at a time, and nothing is composed before the depth, the
 * number of tokens and the number of errors are known to be small.
 */
import { Composer, type Document, Lexer, LineCounter, Parser } from 'yaml';
import { MAX_PROBLEMS, type Problems, type Spot } from './problem.ts';
import { MAX_DEPTH, type Node } from './tree.ts';
import { treeOf, type YamlReading } from './yaml-tree.ts';

/** In bytes of UTF-8. */
export const MAX_YAML_BYTES: number = 1024 * 1024;

/** Some 2,000 endpoints and routes; 1 MiB of punctuation would take the library many seconds. */
export const MAX_TOKENS = 100_000;

type Token = ReturnType<Parser['next']> extends Generator<infer T> ? T : never;

interface Reading extends YamlReading {
  readonly lines: LineCounter;
}

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
  const reading: Reading = { problems, spot, lines };

  checkSize(text, reading);
  return treeOf(compose(text, readTokens(text, reading), reading), reading);
}

function checkSize(text: string, reading: Reading): void {
  if (Buffer.byteLength(text) <= MAX_YAML_BYTES) {
    checkTokens(text, reading);
    return;
  }
  // The place is where the limit is passed.
  const kept = Buffer.from(text).subarray(0, MAX_YAML_BYTES).toString();
  refuse(text, kept.length, 'expected at most 1 MiB of YAML, found more', reading);
}

/** The lexer alone is five times as fast as the parser: it sees first whether parsing is bounded. */
function checkTokens(text: string, reading: Reading): void {
  let count = 0;
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    count += 1;
    if (count > MAX_TOKENS)
      refuse(text, offset, `expected at most ${MAX_TOKENS} tokens, found more`, reading);
    if (!markers.has(lexeme)) offset += lexeme.length;
  }
}

/** What the lexer adds to the text: the beginnings of documents and scalars, and a premature end. */
const markers: ReadonlySet<string> = new Set(['\u0002', '\u001f', '\u0018']);

function refuse(text: string, offset: number, words: string, { problems, spot, lines }: Reading): never {
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    lines.addNewLine(at + 1);
  }
  problems.report('yaml-limit', spot(offset, 1), words);
  return problems.fail();
}

function readTokens(text: string, { problems, spot, lines }: Reading): Token[] {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  const tokens: Token[] = [];
  let errors = 0;
  for (const lexeme of new Lexer().lex(text)) {
    // One lexeme opens one collection at most, and the parser recurses no deeper than what is open.
    for (const token of parser.next(lexeme)) {
      tokens.push(token);
      if (token.type === 'error') errors += 1;
    }
    if (errors >= MAX_PROBLEMS) break;
    if (depthOf(parser) > MAX_DEPTH) {
      problems.report(
        'yaml-limit',
        spot(parser.offset, 1),
        `expected at most ${MAX_DEPTH} levels of nesting, found more`,
      );
      problems.fail();
    }
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

function compose(text: string, tokens: Token[], { problems, spot, lines }: Reading): Document.Parsed {
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
  const [document, another] = firstTwo(composer.compose(tokens, true, text.length));
  if (document === undefined) throw new Error('the composer gives a document when it is made to');

  const mistakes = [...document.errors, ...document.warnings];
  const unquoted = mistakes.find(({ pos: [at] }) => text.slice(at - 1, at + 1) === '${');
  if (unquoted !== undefined) {
    // All that follows from it would only hide it.
    const words = 'expected quotes around ${…} within { } or [ ], found none';
    problems.report('yaml-invalid', spot(unquoted.pos[0] - 1, 2), words);
    return problems.fail();
  }
  for (const { pos, message } of mistakes) {
    problems.report('yaml-invalid', spot(pos[0], pos[1] - pos[0]), lowerFirst(message));
  }
  if (another !== undefined) {
    problems.report('yaml-invalid', spot(another.range[0], 3), 'expected one document, found another');
  }
  problems.throwIfAny();
  return document;
}

/**
 * What follows a second document is never composed. The library makes an error for every mistake, and most of
 * what one costs is its stack, which nobody reads.
 */
function firstTwo(documents: Iterator<Document.Parsed, void>): readonly (Document.Parsed | undefined)[] {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return [documents.next().value ?? undefined, documents.next().value ?? undefined];
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
