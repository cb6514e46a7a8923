// Brings the servers that system tests need: on Debian by apt, when that needs no password; elsewhere it says what to
// install. What stays missing skips its tests by name (and fails them when CI is set), so nothing here is fatal.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { debianPackages, find, type Requirement, requirements } from './find.ts';

/** The system, as far as the installation touches it. */
export interface System {
  find(requirement: Requirement): string | undefined;
  readonly isDebian: boolean;
  readonly isCI: boolean;
  /** Whether a command can be run as root without a password. */
  mayBeRoot(): boolean;
  /** @returns what went wrong, or undefined */
  aptInstall(packages: readonly string[]): string | undefined;
  say(text: string): void;
}

/**
 * Installs what is missing, where it can.
 *
 * @returns what is still missing
 */
export function installMissing(system: System = thisSystem()): readonly Requirement[] {
  const missing = missingOn(system);
  if (missing.length === 0) {
    system.say(`found ${requirements.join(', ')}`);
    return missing;
  }
  if (!system.isDebian || !system.mayBeRoot()) {
    system.say(adviceFor(missing, system));
    return missing;
  }
  const packages = packagesFor(missing);
  system.say(`installing by apt: ${packages.join(' ')}`);
  const problem = system.aptInstall(packages);
  if (problem !== undefined) system.say(problem);
  const left = missingOn(system);
  if (left.length > 0) system.say(adviceFor(left, system));
  return left;
}

function missingOn(system: System): readonly Requirement[] {
  return requirements.filter((requirement) => system.find(requirement) === undefined);
}

function packagesFor(missing: readonly Requirement[]): readonly string[] {
  return missing.flatMap((requirement) => debianPackages[requirement]);
}

function adviceFor(missing: readonly Requirement[], { isDebian, isCI }: System): string {
  const packages = packagesFor(missing).join(' ');
  const cure = isDebian
    ? `run "apt-get install --no-install-recommends ${packages}" as root`
    : `install what Debian calls ${packages}`;
  return `missing: ${missing.join(', ')}, so the tests of ${isCI ? 'them fail' : 'them are skipped'}; ${cure}.`;
}

function thisSystem(): System {
  const isRoot = process.getuid?.() === 0;
  const sudo = isRoot ? [] : ['sudo', '-n'];
  const run = (...words: readonly string[]): string | undefined => {
    const [program = '', ...args] = words;
    const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
    return status === 0 ? undefined : (error?.message ?? `${stdout}${stderr}`.trim());
  };
  return {
    find,
    isDebian: existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get'),
    isCI: Boolean(process.env['CI']),
    mayBeRoot: () => isRoot || run('sudo', '-n', 'true') === undefined,
    aptInstall: (packages) => run(...sudo, 'sh', join(import.meta.dirname, 'apt-install.sh'), ...packages),
    say: (text) => console.log(text),
  };
}
