import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Gate } from '../../src/core/gate.ts';
import { pass } from '../virtual-time.ts';

function gateOf(window: number) {
  const scheduler = new VirtualTimeScheduler();
  const said: string[] = [];
  const gate = new Gate({
    window,
    scheduler,
    onShut: () => said.push('shut'),
    onOpen: () => said.push('open'),
  });
  const fill = (places: number): void => {
    for (let place = 0; place < places; place += 1) gate.enter();
  };
  return { gate, said, fill, turn: () => pass(scheduler, 0) };
}

const [one, other] = [{ name: 'one' }, { name: 'other' }];

describe('gate', () => {
  it('shuts when its window is full, and opens again at three quarters', () => {
    const { gate, said, fill, turn } = gateOf(8);
    fill(7);
    expect(gate.isOpen).toBe(true);
    fill(1);
    expect([gate.isOpen, gate.isFull, gate.inFlight]).toEqual([false, true, 8]);
    gate.leave();
    expect(gate.isOpen).toBe(false);
    gate.leave();
    expect(gate.isOpen).toBe(true);
    turn();
    expect(said).toEqual(['shut', 'open']);
  });

  it.each([1, 2, 3])('opens again with a window of %i', (window) => {
    const { gate, fill } = gateOf(window);
    fill(window);
    gate.leave(window);
    expect(gate.isOpen).toBe(true);
  });

  it('is shut while anybody holds it, and names who', () => {
    const { gate, said, turn } = gateOf(8);
    gate.hold(one);
    gate.hold(other);
    gate.hold(one);
    expect(gate.holders).toEqual(['one', 'other']);
    gate.release(one);
    turn();
    expect(gate.isOpen).toBe(false);
    gate.release(other);
    turn();
    expect(said).toEqual(['shut', 'open']);
  });

  it('is shut already when its window fills while somebody holds it', () => {
    const { gate, said, fill } = gateOf(2);
    gate.hold(one);
    fill(2);
    expect(said).toEqual(['shut']);
  });

  it('says nothing when somebody lets go who did not hold it', () => {
    const { gate, said, turn } = gateOf(8);
    gate.release(one);
    turn();
    expect(said).toEqual([]);
  });

  it('announces once a turn, and not at all when it was held again meanwhile', () => {
    const { gate, said, turn } = gateOf(8);
    for (const holder of [one, other]) {
      gate.hold(holder);
      gate.release(holder);
    }
    turn();
    expect(said).toEqual(['shut', 'shut', 'open']);
    gate.hold(one);
    gate.release(one);
    gate.hold(other);
    turn();
    expect(said).toEqual(['shut', 'shut', 'open', 'shut', 'shut']);
  });

  it('says that nobody holds it though it is full: what has a place may pass', () => {
    const { gate, said, fill, turn } = gateOf(2);
    fill(2);
    gate.hold(one);
    gate.release(one);
    turn();
    expect(said).toEqual(['shut', 'open']);
    expect([gate.isOpen, gate.isHeld]).toEqual([false, false]);
  });
});
