// What the file of an operator says of itself: the docstring and the signature of the function that it exports.

export interface SourceText {
  /** The paragraphs before the marble diagram. */
  readonly text: string;
  readonly marbles: string;
  /** The parameters that need words of their own. */
  readonly parameters: readonly { readonly name: string; readonly text: string }[];
  /** Steps in YAML, as they stand under `via:`; none of what is for code alone. */
  readonly yaml: string;
  /** An example in code, or what belongs to the steps: a file that they name. */
  readonly code: string;
  readonly signature: string;
}

const documented = /\/\*\*\n((?: \*.*\n)+?) \*\/\nexport function ([\s\S]*?)\s*\{\n/g;

/** Of the first exported function with a diagram. */
export function sourceText(source: string): SourceText {
  for (const [, comment = '', signature = ''] of source.matchAll(documented)) {
    const docstring = comment.replace(/^ \* ?/gm, '');
    const [before = '', example = ''] = docstring.split('@example\n');
    const [text = '', marbles, rest = ''] = before.split(/^```\n/m);
    if (marbles === undefined) continue;
    const steps = /^```yaml\nvia:\n([\s\S]*?)```$/m.exec(example);
    return {
      text: text.trim(),
      marbles: marbles.trimEnd(),
      parameters: [...rest.matchAll(/^@param (\w+) ([^@]+)/gm)].map(([, name = '', text = '']) => ({
        name,
        text: onOneLine(text),
      })),
      yaml: (steps?.[1] ?? '').trimEnd(),
      code: example.replace(steps?.[0] ?? '', '').trim(),
      signature: onOneLine(signature).replace(/\( /g, '(').replace(/,? \)/g, ')'),
    };
  }
  throw new Error('expected an exported function with a docstring and a marble diagram');
}

function onOneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ');
}
