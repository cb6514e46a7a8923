import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadSqlite } from '../../src/runtime/sqlite.ts';

afterEach(() => vi.restoreAllMocks());

describe('SQLite', () => {
  it('loads without the warning that it is experimental, and with any other', () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const load = process.getBuiltinModule.bind(process);
    vi.spyOn(process, 'getBuiltinModule').mockImplementation((id: string) => {
      process.emitWarning(
        'SQLite is an experimental feature and might change at any time',
        'ExperimentalWarning',
      );
      process.emitWarning('something else', 'Warning');
      return load(id);
    });
    expect(loadSqlite().DatabaseSync).toBeTypeOf('function');
    process.emitWarning('SQLite is an experimental feature, says somebody else later');
    expect(warned.mock.calls.map(([text]) => text)).toEqual([
      'something else',
      'SQLite is an experimental feature, says somebody else later',
    ]);
  });
});
