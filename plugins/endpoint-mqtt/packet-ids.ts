/** The ids of packets that wait for an answer: 16 bits, and none is given twice at a time. */
import type { IClientOptions } from 'mqtt';

const MOST = 65_535;

/**
 * The library's own gives the next number, whether it is free or not: a message that is answered late would be
 * overwritten by the 65,535th after it, and never be confirmed.
 */
export function createPacketIds(): NonNullable<IClientOptions['messageIdProvider']> {
  const taken = new Uint8Array(MOST + 1);
  let count = 0;
  let last = 0;

  return {
    allocate() {
      if (count === MOST) return null;
      do last = last === MOST ? 1 : last + 1;
      while (taken[last] === 1);
      taken[last] = 1;
      count += 1;
      return last;
    },
    getLastAllocated: () => (last === 0 ? null : last),
    register(id) {
      if (taken[id] === 1) return false;
      taken[id] = 1;
      count += 1;
      return true;
    },
    deallocate(id) {
      if (taken[id] !== 1) return;
      taken[id] = 0;
      count -= 1;
    },
    clear() {
      taken.fill(0);
      count = 0;
    },
  };
}
