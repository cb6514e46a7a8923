// Begins with the test files that take longest, so that no core waits at the end for one that began late. Vitest knows
// how long each took the last time; where it has never run, it goes by the size of files, which says nothing of these.

import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** More than ten seconds each, the longest first. */
const slowest: readonly string[] = [
  'test/laws/mutants.test.ts',
  'test/system/pairs/pairs.test.ts',
  'test/examples/examples.test.ts',
  'test/system/amqp.test.ts',
  'test/system/matrix.test.ts',
  'test/system/kafka.test.ts',
  'test/browser/http-page.test.ts',
  'test/system/kafka-secure.test.ts',
  'test/config/plan.property.test.ts',
  'test/system/docs.test.ts',
  'test/system/mqtt-battery.test.ts',
  'test/system/http-battery.test.ts',
  'test/system/spill-kill.test.ts',
  'test/laws/settlement.test.ts',
  'test/laws/isolation.test.ts',
];

export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    // Groups and projects stay where they are: they cannot run beside each other.
    const placeOf = new Map<TestSpecification, number>();
    const sections: string[] = [];
    for (const file of sorted) {
      const section = sectionOf(file);
      if (!sections.includes(section)) sections.push(section);
      placeOf.set(file, sections.indexOf(section));
    }
    const of = (file: TestSpecification): number => placeOf.get(file) ?? 0;
    return sorted.toSorted((one, other) => of(one) - of(other) || rankOf(one) - rankOf(other));
  }
}

function sectionOf({ project }: TestSpecification): string {
  return `${project.config.sequence.groupOrder} ${project.name}`;
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = slowest.findIndex((path) => moduleId.endsWith(`/${path}`));
  return rank < 0 ? slowest.length : rank;
}
