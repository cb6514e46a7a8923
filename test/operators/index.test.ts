import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { allOperators } from './all.ts';

const directory = new URL('../../operators/', import.meta.url);

/** The YAML blocks in the docstrings of a file. */
function yamlExamples(file: string): string[] {
  const source = readFileSync(new URL(file, directory), 'utf8');
  return [...source.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = '']) =>
    block.replace(/^ \* ?/gm, ''),
  );
}

describe('the table of operators', () => {
  it('has each under its own name', () => {
    for (const [name, definition] of Object.entries(allOperators)) expect(definition.name).toBe(name);
  });

  it('has a file, a test and an example that its schema takes for each', () => {
    const tests = readdirSync(new URL('.', import.meta.url));
    for (const [name, definition] of Object.entries(allOperators)) {
      expect(tests).toContain(`${name}.test.ts`);
      const steps = yamlExamples(`${name}.ts`).flatMap((text) => (parse(text) as { via: object[] }).via);
      const options = steps
        .filter((step) => name in step)
        .map((step) => (step as Record<string, unknown>)[name]);
      expect(options.length).toBeGreaterThan(0);
      for (const option of options) {
        expect(definition.options['~standard'].validate(option)).not.toHaveProperty('issues');
      }
    }
  });
});

describe('every operator', () => {
  const files = readdirSync(directory).filter(
    (file) => /^[a-z-]+\.ts$/.test(file) && !['index.ts', 'table.ts'].includes(file),
  );

  it.each(files.filter((file) => !['envelope.ts', 'lookups.ts'].includes(file)))(
    '%s shows what it does in a marble diagram and an example',
    (file) => {
      const source = readFileSync(new URL(file, directory), 'utf8');
      expect(source).toMatch(/\* ```\n \* (source|\S+)[ ─]/);
      expect(source).toContain('* @example');
    },
  );
});
