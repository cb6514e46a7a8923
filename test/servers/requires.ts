// Ties tests to the servers they need: without one they are skipped under a name that says so, and fail in CI, where a
// missing server would otherwise pass for a green run.

import { describe, it } from 'vitest';
import { debianPackages, find, type Requirement } from './find.ts';

/**
 * `describe`, for tests that need servers: `describeWith(['redis-server'], 'endpoint-redis', () => { … })`.
 *
 * @param needed what must be installed
 * @param name the title of the suite
 * @param suite as for `describe`
 */
export function describeWith(needed: readonly Requirement[], name: string, suite: () => void): void {
  const missing = needed.filter((requirement) => find(requirement) === undefined);
  const decided = fate(missing, Boolean(process.env['CI']));
  const title = decided === 'skip' ? titleWithout(name, missing) : name;
  describe.skipIf(decided === 'skip')(title, () => {
    if (decided !== 'fail') return suite();
    it(`needs ${missing.join(', ')}`, () => {
      throw new Error(whatToInstall(missing));
    });
  });
}

/** What becomes of tests when servers are missing. */
export function fate(missing: readonly Requirement[], isCI: boolean): 'run' | 'skip' | 'fail' {
  if (missing.length === 0) return 'run';
  return isCI ? 'fail' : 'skip';
}

export function titleWithout(name: string, missing: readonly Requirement[]): string {
  return `${name} (skipped: needs ${missing.join(', ')})`;
}

function whatToInstall(missing: readonly Requirement[]): string {
  const packages = missing.flatMap((requirement) => debianPackages[requirement]);
  return `install ${packages.join(', ')} (Debian's names): in CI a missing server is a failure`;
}
