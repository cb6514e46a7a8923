/** Law 19: the same YAML gives the same plan, whatever its order, and the printed form gives it again. */

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { printPlan } from '../../src/config/print.ts';
import { runs } from '../runs.ts';
import { load, loadInput } from './fakes.ts';
import { configuration, escaped, reordered, type Tree } from './generated.ts';

/** Vitest takes its time to compare large objects: only those that differ are shown to it. */
function expectSame(found: unknown, wanted: unknown): void {
  if (!isDeepStrictEqual(found, wanted)) expect(found).toStrictEqual(wanted);
}

const yamlOf = (tree: unknown): string => stringify(escaped(tree), { aliasDuplicateObjects: false });

describe('a plan', () => {
  const both = configuration.chain((tree) => fc.tuple(fc.constant(tree), reordered(tree)));

  it('is the same in any order of keys, and from its printed form', async () => {
    await fc.assert(
      fc.asyncProperty(both, async ([tree, other]) => {
        const { plan } = await loadInput({ value: escaped(tree) as Tree });
        const inOtherOrder = (await loadInput({ value: escaped(other) as Tree })).plan;
        expectSame(inOtherOrder, plan);
        // Routes run in the order of the plan, so that counts too.
        expect(Object.keys(inOtherOrder.routes)).toEqual(Object.keys(plan.routes));

        expectSame((await load(printPlan(plan))).plan, plan);
      }),
      runs(),
    );
  });

  it('is the same each time that a text is read, in any order of keys, and so is what it prints', async () => {
    await fc.assert(
      fc.asyncProperty(both, async ([tree, other]) => {
        const text = yamlOf(tree);
        const { plan } = await load(text);
        expectSame((await load(text)).plan, plan);
        expectSame((await load(yamlOf(other))).plan, plan);
        expectSame((await loadInput({ value: escaped(tree) as Tree })).plan, plan);

        const printed = printPlan(plan);
        expect(printPlan((await load(printed)).plan)).toBe(printed);
      }),
      // The order of keys is that of objects as well, and text is read by the property above.
      runs({ quick: 0.15 }),
    );
  });
});
