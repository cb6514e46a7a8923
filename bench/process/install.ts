/** Brings the servers that araldo is compared with: by apt as root, by npm into a folder of the bench's own. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const aptInstall = join(root, 'test', 'servers', 'apt-install.sh');

/** What the bench fetches; git ignores it. */
export const cache: string = join(root, 'bench', '.cache');

/** The path of a program, or undefined. Servers are not always on the PATH of users. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** Installs Debian packages where apt works as root; returns what went wrong, or undefined. */
export function installPackages(packages: readonly string[]): string | undefined {
  if (!existsSync('/usr/bin/apt-get')) return 'there is no apt-get';
  if (process.getuid?.() !== 0) return 'only root may install it';
  return run('sh', [aptInstall, ...packages]);
}

/** Installs a package of npm into the cache, in an exact version; returns what went wrong, or undefined. */
export function installFromNpm(name: string, version: string): string | undefined {
  const folder = join(cache, name);
  return run('npm', [
    'install',
    '--prefix',
    folder,
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--omit=dev',
    '--loglevel=error',
    `${name}@${version}`,
  ]);
}

/** What a command prints in which a version stands; undefined when it fails. */
export function versionFrom(command: string, args: readonly string[]): string | undefined {
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? /\d+\.\d+[\w.+-]*/.exec(`${stdout}${stderr}`)?.[0] : undefined;
}

function run(command: string, args: readonly string[]): string | undefined {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? `${stdout}${stderr}`.trim().split('\n').at(-1));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
