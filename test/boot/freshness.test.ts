import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { difference, staleness } from '../../src/boot/freshness.js';

const locked = {
  '': { version: '0.1.0' },
  'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/d': { version: '2.0.0', integrity: 'sha512-d', dev: true },
  'node_modules/o': { version: '3.0.0', integrity: 'sha512-o', optional: true },
};
const { '': _root, ...installed } = locked;
const without = (name: string) =>
  Object.fromEntries(Object.entries(installed).filter(([location]) => location !== `node_modules/${name}`));

describe('difference', () => {
  it('is none when all is there as locked', () => {
    expect(difference(locked, installed, { development: true })).toBeUndefined();
  });

  it('does not mind packages for another platform, nor more than is locked', () => {
    const more = { ...without('o'), 'node_modules/x': { version: '9.0.0' } };
    expect(difference(locked, more, { development: true })).toBeUndefined();
  });

  it('names a missing package', () => {
    expect(difference(locked, without('a'), { development: false })).toBe('node_modules/a is missing');
  });

  it('minds a missing development dependency only in development', () => {
    expect(difference(locked, without('d'), { development: false })).toBeUndefined();
    expect(difference(locked, without('d'), { development: true })).toBe('node_modules/d is missing');
  });

  it('names another version, and other contents of the same version', () => {
    const older = { ...installed, 'node_modules/a': { version: '0.9.0', integrity: 'sha512-a' } };
    expect(difference(locked, older, { development: false })).toContain('0.9.0, the lockfile says 1.0.0');
    const other = { ...installed, 'node_modules/a': { version: '1.0.0', integrity: 'sha512-b' } };
    expect(difference(locked, other, { development: false })).toContain('other contents');
  });
});

describe('staleness', () => {
  let root: string;
  const write = (file: string, packages: unknown) => {
    mkdirSync(join(root, 'node_modules'), { recursive: true });
    writeFileSync(join(root, file), JSON.stringify({ packages }));
  };
  const install = (location: string) => {
    mkdirSync(join(root, location), { recursive: true });
    writeFileSync(join(root, location, 'package.json'), '{}');
  };
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'araldo-freshness-'));
    write('package-lock.json', locked);
    write('node_modules/.package-lock.json', installed);
    for (const location of Object.keys(installed)) install(location);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('is none after a plain npm ci', () => {
    expect(staleness(root, { development: true })).toBeUndefined();
  });

  it('sees that nothing is installed, or that an installation was interrupted', () => {
    rmSync(join(root, 'node_modules/.package-lock.json'));
    expect(staleness(root, { development: true })).toBe('they are not installed');
  });

  it('sees a package that was deleted by hand', () => {
    rmSync(join(root, 'node_modules/a'), { recursive: true });
    expect(staleness(root, { development: true })).toBe('node_modules/a is gone');
  });

  it('refuses to work without a lockfile', () => {
    rmSync(join(root, 'package-lock.json'));
    expect(() => staleness(root, { development: true })).toThrow('package-lock.json is missing');
  });
});
