import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { Lane } from '../../src/core/lane.ts';
import type { Message } from '../../src/core/message.ts';
import { Source } from '../../src/core/source.ts';
import { Wire } from '../../src/core/wire.ts';
import { createLedger } from '../operators/ledger.ts';
import { sourceOptions } from './source-options.ts';

function sourceOf() {
  const { route } = createLedger();
  const emitted: Message[] = [];
  const source = new Source(sourceOptions({ maxInFlight: 16 }), {}, (root) =>
    emitted.push(root.claim(route)),
  );
  return { source, emitted };
}

describe('lane', () => {
  it('numbers what it receives, values and bytes alike, where its transport has no positions', () => {
    const { source, emitted } = sourceOf();
    const lane = source.lane({ name: 'a' });
    lane.receive('value');
    lane.receiveBytes(Wire.of(Uint8Array.of(1), false));
    lane.receiveBytes(Wire.of(Uint8Array.of(2), false));
    lane.receive('value');
    expect(emitted.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3]);
  });

  it('goes on from the last position that its transport gave', () => {
    const { source, emitted } = sourceOf();
    const lane = source.lane({ name: 'a' });
    lane.receive('value', {}, 7);
    lane.receiveBytes(Wire.of(Uint8Array.of(1), false));
    expect(emitted.map(({ sequence }) => sequence)).toEqual([7, 8]);
  });

  it('is forgotten when it is closed and what came of it is settled, however many come and go', async () => {
    const { source, emitted } = sourceOf();
    const lanes: WeakRef<Lane>[] = [];
    const open = source.lane({ name: 'open' });
    lanes.push(new WeakRef(open));
    for (let count = 0; count < 200; count += 1) {
      const lane = source.lane({ name: 'a' });
      lane.receive(count);
      if (count % 2 === 0) lane.close();
      emitted.shift()?.ack();
      lane.close();
      lanes.push(new WeakRef(lane));
    }
    expect(source.isIdle).toBe(true);
    // What a weak reference was made of in a turn is kept until it ends.
    await sleep(1);
    collectGarbage();
    const left = lanes.filter((lane) => lane.deref() !== undefined);
    expect(left.length).toBeLessThan(10);
    expect(left[0]?.deref()).toBe(open);
  });
});

/** Of all that is kept by nobody: a heap snapshot would say the same, ten seconds later. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
