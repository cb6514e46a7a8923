import { describe, expect, it } from 'vitest';
import type { Requirement } from './find.ts';
import { installMissing, type System } from './install.ts';
import { fate, titleWithout } from './requires.ts';

interface Fake extends System {
  readonly said: string[];
  readonly installed: string[];
}

function system(missing: readonly Requirement[], facts: Partial<System> = {}): Fake {
  const said: string[] = [];
  const installed: string[] = [];
  return {
    find: (requirement) =>
      missing.includes(requirement) && !installed.includes(requirement)
        ? undefined
        : `/usr/bin/${requirement}`,
    isDebian: true,
    isCI: false,
    mayBeRoot: () => true,
    aptInstall: (packages) => {
      installed.push(...packages);
      return undefined;
    },
    say: (text) => {
      said.push(text);
    },
    said,
    installed,
    ...facts,
  };
}

describe('installMissing', () => {
  it('installs nothing when nothing is missing', () => {
    const complete = system([]);
    expect(installMissing(complete)).toEqual([]);
    expect(complete.installed).toEqual([]);
  });

  it('installs by apt what is missing, and nothing else', () => {
    const debian = system(['chromium', 'python3']);
    expect(installMissing(debian)).toEqual([]);
    expect(debian.installed).toEqual(['chromium', 'python3', 'python3-redis', 'python3-websockets']);
  });

  it('says in one sentence what to install where it may not', () => {
    for (const facts of [{ isDebian: false }, { mayBeRoot: () => false }]) {
      const foreign = system(['redis-server'], facts);
      expect(installMissing(foreign)).toEqual(['redis-server']);
      expect(foreign.installed).toEqual([]);
      expect(foreign.said).toHaveLength(1);
      expect(foreign.said[0]).toContain('redis-server');
      expect(foreign.said[0]).toContain('skipped');
    }
  });

  it('goes on, with the reason, when apt fails', () => {
    const offline = system(['redis-server'], { aptInstall: () => 'Temporary failure resolving', isCI: true });
    expect(installMissing(offline)).toEqual(['redis-server']);
    expect(offline.said.join('\n')).toMatch(/Temporary failure resolving\n.*fail/);
  });
});

describe('describeWith', () => {
  it('runs when all is there, skips by name without CI, fails with it', () => {
    expect(fate([], false)).toBe('run');
    expect(fate([], true)).toBe('run');
    expect(fate(['chromium'], false)).toBe('skip');
    expect(fate(['chromium'], true)).toBe('fail');
    expect(titleWithout('dashboard', ['chromium'])).toBe('dashboard (skipped: needs chromium)');
  });
});
