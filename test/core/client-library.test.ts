import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { loadLibrary } from '../../src/core/client-library.ts';

const run = promisify(execFile);
const root = new URL('../..', import.meta.url);

/** What a Node of its own prints: here, modules are vitest's. */
async function printed(script: string): Promise<string> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: root });
  return stdout.trim();
}

describe('client library', () => {
  it('is what is imported', async () => {
    expect(await loadLibrary('endpoint-x', 'x', async () => ({ a: 1 }))).toEqual({ a: 1 });
  });

  it('that is not installed is named, with the command that installs it', async () => {
    const said = await printed(
      `import { loadLibrary } from './src/core/client-library.ts';
       await loadLibrary('endpoint-x', 'not-there', () => import('not-there')).catch((e) => console.log(e.code, e.message));`,
    );
    expect(said).toBe(
      'missing-package endpoint-x needs the package not-there, which is not installed: run "npm install not-there"',
    );
  });

  it('that is not installed has a code, and what Node said as its cause', async () => {
    const missing = Object.assign(new Error("Cannot find package 'x' imported from here"), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
    await expect(loadLibrary('endpoint-x', 'x', () => Promise.reject(missing))).rejects.toMatchObject({
      code: 'missing-package',
      cause: missing,
    });
  });

  it('that is there and broken says why', async () => {
    const broken = Object.assign(new Error("Cannot find package 'inner' imported from outer"), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
    await expect(loadLibrary('endpoint-x', 'outer', () => Promise.reject(broken))).rejects.toBe(broken);
    const syntax = new SyntaxError('Unexpected token');
    await expect(loadLibrary('endpoint-x', 'x', () => Promise.reject(syntax))).rejects.toBe(syntax);
  });

  it('of a plugin is not loaded with it: ioredis, ws', async () => {
    const loaded = await printed(
      `import { createRequire } from 'node:module';
       import './plugins/endpoint-redis/index.ts';
       import './plugins/endpoint-websocket-client/index.ts';
       const paths = Object.keys(createRequire(import.meta.url).cache);
       const isLoaded = (library) => paths.some((path) => path.includes('/node_modules/' + library + '/'));
       console.log(paths.length > 0, ['ioredis', 'ws'].filter(isLoaded).join());`,
    );
    expect(loaded).toBe('true');
  });
});
