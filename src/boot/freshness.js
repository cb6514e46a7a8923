// @ts-check
// Says whether node_modules holds what package-lock.json asks for, by content: what npm wrote down of its last
// complete install (node_modules/.package-lock.json) against the lockfile, package by package. npm writes that file
// last, so an interrupted install never counts.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {{ version?: string, integrity?: string, dev?: boolean, optional?: boolean, devOptional?: boolean,
 *   peer?: boolean, link?: boolean }} LockedPackage
 * @typedef {Record<string, LockedPackage>} LockedPackages
 */

/**
 * The first reason why the installed packages are not the locked ones, or undefined when they are.
 * Packages npm left out because they are for another platform, and packages beyond the locked ones, are fine.
 *
 * @param {LockedPackages} locked
 * @param {LockedPackages} installed
 * @param {{ development: boolean }} needs development: whether development dependencies must be there
 * @returns {string | undefined}
 */
export function difference(locked, installed, { development }) {
  for (const [location, wanted] of Object.entries(locked)) {
    if (location === '') continue;
    const found = installed[location];
    if (found === undefined) {
      const mayBeAbsent = wanted.optional || wanted.devOptional || (wanted.dev && !development);
      if (mayBeAbsent) continue;
      return `${location} is missing`;
    }
    if (found.version !== wanted.version) {
      return `${location} is ${found.version}, the lockfile says ${wanted.version}`;
    }
    if (wanted.integrity && found.integrity && found.integrity !== wanted.integrity) {
      return `${location} has other contents than the lockfile says`;
    }
  }
  return undefined;
}

/**
 * The first reason why the dependencies in a folder must be installed, or undefined when they need not be.
 *
 * @param {string} root the folder of package.json
 * @param {{ development: boolean }} needs
 * @returns {string | undefined}
 */
export function staleness(root, needs) {
  const locked = packagesOf(join(root, 'package-lock.json'));
  if (locked === undefined) throw new Error(`${join(root, 'package-lock.json')} is missing or not valid`);
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (installed === undefined) return 'they are not installed';
  const reason = difference(locked, installed, needs);
  if (reason !== undefined) return reason;
  for (const location of Object.keys(locked)) {
    if (location === '' || installed[location] === undefined) continue;
    if (!existsSync(join(root, location, 'package.json'))) return `${location} is gone`;
  }
  return undefined;
}

/**
 * @param {string} file
 * @returns {LockedPackages | undefined} undefined when the file is missing or broken
 */
function packagesOf(file) {
  try {
    const packages = JSON.parse(readFileSync(file, 'utf8')).packages;
    return typeof packages === 'object' && packages !== null ? packages : undefined;
  } catch {
    return undefined;
  }
}
