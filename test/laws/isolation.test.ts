import fc from 'fast-check';
import { describe, it, vi } from 'vitest';
import { runs } from '../runs.ts';
import { engine } from './engine.ts';
import { isolation } from './isolation.ts';

vi.setConfig({ testTimeout: 600_000 });

describe('law 13 (isolation and claims)', () => {
  it('code that pipes an endpoint beside its routes, and settles what it sees, changes nothing', () =>
    fc.assert(isolation.fromStrangers(engine), runs({ share: 0.35 })));

  it('what a sink receives does not depend on what happens to another, unless that one pauses', () =>
    fc.assert(isolation.fromLossySinks(engine), runs({ share: 0.35 })));

  it('behind a sink that pauses, another receives the same content, at other times', () =>
    fc.assert(isolation.fromPausingSinks(engine), runs({ share: 0.35 })));
});
