/** The paths of the server's own pages, probes and metrics: no endpoint may listen on one. */

const ownPaths: ReadonlySet<string> = new Set([
  '/',
  '/livez',
  '/readyz',
  '/metrics',
  '/status.json',
  '/assets',
  '/admin',
]);
const ownFolders = ['/assets/', '/admin/'];

export function isOwnPath(path: string): boolean {
  return ownPaths.has(path) || ownFolders.some((folder) => path.startsWith(folder));
}
