/** Client libraries are loaded when an endpoint first needs them, and people may not have installed them. */
import { AraldoError } from './errors.ts';

/**
 * What `load` imports. Rejects with an `AraldoError` (`missing-package`) that says how to install it when the
 * package is not there, and with what it threw when it is there and does not load.
 *
 * @example
 * const { Redis } = await loadLibrary('endpoint-redis', 'ioredis', () => import('ioredis'));
 */
export async function loadLibrary<T>(plugin: string, library: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (thrown) {
    const { code, message = '' } = thrown as { code?: unknown; message?: string };
    // Another code, or another package's name: the library is there and is broken, or misses one of its own.
    if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes(`'${library}'`)) throw thrown;
    throw new AraldoError(
      'missing-package',
      `${plugin} needs the package ${library}, which is not installed: run "npm install ${library}"`,
      { cause: thrown },
    );
  }
}
