// Small breaks of what reloads a relay, and the law that each must be caught by.

export interface ReloadMutant {
  /** 18, or one that is examined while routes change. */
  readonly law: 1 | 2 | 3 | 18;
  /** What is broken: test/README.md says the same. */
  readonly name: string;
  /** In src/runtime. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

export const reloadMutants: readonly ReloadMutant[] = [
  {
    law: 18,
    name: 'a route that has not changed begins anew',
    file: 'changes.ts',
    find: 'else if (isSame(former, part)) kept.add(name);',
    replace: "else if (isSame(former, part) && !('branches' in (part as object))) kept.add(name);",
  },
  {
    law: 1,
    name: 'the new route reads a moment after the one before has left',
    file: 'parts.ts',
    find: 'route.begin();\n',
    replace: 'isStarted ? scheduler.schedule(() => route.begin(), 1) : route.begin();\n',
  },
  {
    law: 1,
    name: 'the route before reads on for a moment',
    file: 'parts.ts',
    find: 'running.pipeline.leave(stay.filter((endpoint) => !sources.includes(endpoint)));',
    replace:
      'scheduler.schedule(() => running.pipeline.leave(stay.filter((endpoint) => !sources.includes(endpoint))), 1);',
  },
  {
    law: 1,
    name: 'what a leg has delivered is forgotten with it',
    file: 'running-route.ts',
    find: 'successor.delivered += leg.delivered;',
    replace: '',
  },
  {
    law: 2,
    name: 'what waits in a leg that stays is given up',
    file: 'compile.ts',
    find: 'leg.alternates = [];',
    replace:
      "leg.alternates = [];\n            for (const message of leg['backlog'].takeAll()) message.nack();",
  },
  {
    law: 2,
    name: 'what a leg that leaves still holds is given up',
    file: 'leaving.ts',
    find: 'return leg.held - (leg.spill?.safe ?? 0) <= 0;',
    replace: 'return true;',
  },
  {
    law: 3,
    name: 'what comes to the new steps overtakes what is in the old',
    file: 'leaving.ts',
    find: 'if (!passed) pipeline.flush();',
    replace: 'if (!passed) next?.inlet?.open();',
  },
];
