// @ts-check
// Completes package-lock.json with the builds of optional packages for other platforms. npm leaves out the ones that
// the registry in use does not carry, and then refuses `npm ci` everywhere, because the lockfile is "out of sync" with
// them. An entry added here has its exact version, and no integrity, which only that registry could tell.
// Run it after a change of dependencies: `npm run lockfile`. A test says when it is needed.

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {{ version?: string, optionalDependencies?: Record<string, string>, dev?: boolean, optional?: boolean,
 *   integrity?: string, resolved?: string, os?: string[], cpu?: string[], libc?: string[] }} Entry
 */

const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const processors = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64'];

/**
 * The entries that optional dependencies need and the lockfile lacks.
 *
 * @param {Record<string, Entry>} packages of the lockfile
 * @returns {Record<string, Entry>}
 */
export function missingBuilds(packages) {
  /** @type {Record<string, Entry>} */
  const missing = {};
  for (const [location, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const isLocked = packages[`${location}/node_modules/${name}`] ?? packages[`node_modules/${name}`];
      if (isLocked === undefined) missing[`node_modules/${name}`] = entryFor(name, version, dev === true);
    }
  }
  return missing;
}

/**
 * @param {string} name such as `@oxlint/binding-linux-arm64-musl`: the platform is in the name
 * @param {string} version
 * @param {boolean} dev
 * @returns {Entry}
 */
function entryFor(name, version, dev) {
  const words = name.slice(name.indexOf('/') + 1).split('-');
  const system = systems.find((candidate) => words.includes(candidate));
  const processor = processors.find((candidate) => words.includes(candidate));
  if (system === undefined || processor === undefined || !/^\d+\.\d+\.\d+/.test(version)) {
    throw new Error(
      `${name}@${version} is not in the lockfile and does not look like a build for one platform`,
    );
  }
  const libc = words.some((word) => word.startsWith('musl'))
    ? ['musl']
    : words.some((word) => word.startsWith('gnu'))
      ? ['glibc']
      : undefined;
  return {
    version,
    cpu: [processor],
    ...(dev ? { dev } : {}),
    ...(libc === undefined ? {} : { libc }),
    optional: true,
    os: [system],
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'package-lock.json');
  const lockfile = JSON.parse(readFileSync(file, 'utf8'));
  const missing = missingBuilds(lockfile.packages);
  const all = Object.entries({ ...lockfile.packages, ...missing });
  lockfile.packages = Object.fromEntries(all.toSorted(([one], [other]) => one.localeCompare(other, 'en')));
  writeFileSync(file, `${JSON.stringify(lockfile, null, 2)}\n`);
  process.stdout.write(`${Object.keys(missing).length} entries added\n`);
}
