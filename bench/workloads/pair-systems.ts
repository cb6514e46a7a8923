/** The systems of the durable pairs: each is started once, and anew when a pair has failed with it. */
import type { DurableSystem, SystemName } from '../../test/system/pairs/durable-system.ts';
import { startSystem } from '../../test/system/pairs/systems.ts';

export interface PairSystems extends AsyncDisposable {
  get(name: SystemName): Promise<DurableSystem>;
  /** What it holds is nobody's: the next `get` starts another. */
  drop(name: SystemName): Promise<void>;
}

export function createPairSystems(): PairSystems {
  /** One each. */
  const running = new Map<SystemName, Promise<DurableSystem>>();

  const drop = async (name: SystemName): Promise<void> => {
    const system = running.get(name);
    running.delete(name);
    // One that did not start has told so already.
    await (await system?.catch(() => undefined))?.[Symbol.asyncDispose]();
  };

  return {
    get(name) {
      const system = running.get(name) ?? startSystem(name);
      running.set(name, system);
      return system;
    },
    drop,
    async [Symbol.asyncDispose]() {
      await Promise.all([...running.keys()].map(drop));
    },
  };
}
