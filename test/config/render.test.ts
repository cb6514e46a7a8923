import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { displayWidth, wrap } from '../../src/config/columns.ts';
import { renderProblems, renderWarnings } from '../../src/config/render.ts';
import { errorOf, loadInput, problemsOf } from './fakes.ts';

describe('renderProblems', () => {
  it('shows the sentence, the lines around with a caret, what may be meant, and the code', async () => {
    const problems = await problemsOf(
      'plugins:\n  - { name: one, id: endpoint-socket }\n\nroutes:\n  one:\n    via:\n      - filtr: payload.a\n    to: [one]\n',
    );
    expect(
      renderProblems(problems, { width: 80 }),
    ).toBe(`✖ routes.one.via[0].filtr: no operator or chain has this name; there are:
  filter, tag, count, pass (araldo.yaml:7:9)

  5 │   one:
  6 │     via:
  7 │       - filtr: payload.a
    │         ^^^^^ did you mean filter?
  8 │     to: [one]

  unknown-name

1 problem; nothing was started`);
  });

  it('moves long lines so that the place is seen, and keeps every line within the terminal', async () => {
    const long = `x-note: [${'padding, '.repeat(20)}]`;
    const problems = await problemsOf(
      `${long}\nplugins: [{ ${'x: 1, '.repeat(1)}name: ${'n'.repeat(150)}, id: 5 }]\n${long}`,
    );
    for (const width of [40, 60, 80, 120]) {
      const rendered = renderProblems(problems, { width });
      const frames = rendered.split('\n').filter((line) => line.includes('│'));
      expect(frames.map((line) => displayWidth(line) <= width)).not.toContain(false);
      expect(rendered).toContain('^');
      expect(rendered).toContain('…');
    }
  });

  it('points at the right column behind wide characters', async () => {
    const problems = await problemsOf('x-名前: {"日本": 1}\nhosts: ["東京", 5]');
    const lines = renderProblems(problems).split('\n');
    const source = lines.find((line) => line.includes('東京')) ?? '';
    const pointer = lines.find((line) => line.includes('^')) ?? '';
    expect(displayWidth(pointer.slice(0, pointer.indexOf('^')))).toBe(
      displayWidth(source.slice(0, source.indexOf('5'))),
    );
  });

  it('says the same with colours', async () => {
    const problems = await problemsOf('server-prot: 1\nlog-level: 5');
    const colored = renderProblems(problems, { color: true });
    expect(colored).toContain('\u001b[31m✖\u001b[0m');
    expect(stripVTControlCharacters(colored)).toBe(renderProblems(problems));
  });

  it('lets nothing in the file write to the terminal', async () => {
    const problems = await problemsOf(
      '"a\\e[2Jb": "\\u0007"\nhosts: ["\\e]0;x", {a: 1}]\nlog-level: "\\e[31m"',
    );
    const rendered = renderProblems(problems);
    expect(rendered.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it('does without a frame where there is no text', async () => {
    const { problems } = await errorOf(loadInput({ value: { 'server-prot': 1 } }));
    expect(renderProblems(problems)).toBe(`✖ server-prot: expected a key of the top level, found "server-prot"
  did you mean server-port?
  unknown-key

1 problem; nothing was started`);
  });
});

describe('renderWarnings', () => {
  it('gives a line for each, and nothing for none', () => {
    const place = { file: 'a.yaml', line: 2, column: 3, path: 'routes.a' };
    expect(renderWarnings([])).toBe('');
    expect(renderWarnings([{ text: 'mind this', place }])).toBe(
      'warning: routes.a: mind this (a.yaml:2:3)\n',
    );
  });
});

describe('wrap', () => {
  it('breaks at spaces and leaves long words whole', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('incomprehensible words', 5)).toEqual(['incomprehensible', 'words']);
  });
});
