import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missingBuilds } from '../../src/boot/complete-lockfile.js';

const root = join(import.meta.dirname, '..', '..');
const lockfile = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, { version?: string; resolved?: string; integrity?: string; optional?: boolean }>;
};

describe('package-lock.json', () => {
  it('has the builds for every platform, or npm ci refuses it (cure: npm run lockfile)', () => {
    expect(Object.keys(missingBuilds(lockfile.packages))).toEqual([]);
  });

  it('names no registry', () => {
    const resolved = Object.entries(lockfile.packages).filter(([, entry]) => entry.resolved !== undefined);
    expect(resolved).toEqual([]);
  });

  it('has an integrity for every package but the builds for other platforms', () => {
    const without = Object.entries(lockfile.packages)
      .filter(([location, entry]) => location !== '' && entry.integrity === undefined)
      .filter(([, entry]) => entry.optional !== true);
    expect(without).toEqual([]);
  });
});

describe('missingBuilds', () => {
  const parent = (name: string) => ({
    'node_modules/tool': { version: '1.0.0', dev: true, optionalDependencies: { [name]: '1.2.3' } },
  });

  it('reads the platform from the name', () => {
    expect(missingBuilds(parent('@tool/cli-darwin-arm64'))).toEqual({
      'node_modules/@tool/cli-darwin-arm64': {
        version: '1.2.3',
        cpu: ['arm64'],
        dev: true,
        optional: true,
        os: ['darwin'],
      },
    });
    const musl = missingBuilds(parent('@tool/binding-linux-arm-musleabihf'));
    expect(Object.values(musl)).toEqual([
      { version: '1.2.3', cpu: ['arm'], dev: true, libc: ['musl'], optional: true, os: ['linux'] },
    ]);
  });

  it('refuses to invent an entry for anything else', () => {
    expect(() => missingBuilds(parent('fsevents'))).toThrow('does not look like a build for one platform');
  });

  it('adds nothing to what is there', () => {
    const locked = {
      ...parent('@tool/cli-darwin-x64'),
      'node_modules/@tool/cli-darwin-x64': { version: '1.2.3' },
    };
    expect(missingBuilds(locked)).toEqual({});
  });
});
