import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../runs.ts';
import { engine } from './engine.ts';
import { keepsWhatAnArrayKeeps } from './spill-policies.ts';
import { type SpillWanted, spillScripts, spillSpecs } from './spill-script.ts';
import { playSpill } from './spill-world.ts';
import { wantedOfSpills } from './wanted.ts';

async function holds(wanted: SpillWanted, share: number): Promise<void> {
  const property = fc.asyncProperty(spillSpecs(wanted), spillScripts(wanted), async (spec, script) => {
    expect(await playSpill(engine, spec, script)).toEqual([]);
  });
  // Each of the three examines every law: together they try more than 1,000 cases.
  await fc.assert(property, runs({ share, quick: 0.5 }));
}

describe('a leg that spills', () => {
  it('acks nothing that is neither confirmed nor synced, and loses nothing, wherever it crashes', async () => {
    await holds({ thens: ['pause', 'error'] }, 1);
  });

  it('keeps its order, its bounds and its counts under every policy', async () => {
    await holds({}, 1);
  });

  it('holds again no sooner than half its disk part has left it', async () => {
    await holds(wantedOfSpills[16] ?? {}, 0.5);
  });

  it('keeps when its disk part is full what an array keeps', () => {
    fc.assert(keepsWhatAnArrayKeeps(engine), runs());
  });
});
