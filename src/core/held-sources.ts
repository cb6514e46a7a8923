/** Keeps the sources of a step shut while the step is full. */
import type { Holder, Message, Valve } from './message.ts';

/** A step has one, and releases it when there is room again, and when it ends. As many valves as there are sources. */
export class HeldSources implements Holder {
  readonly name: string;
  private readonly valves = new Set<Valve>();

  /** @param name what people read where it holds a gate. */
  constructor(name: string) {
    this.name = name;
  }

  /** The source of `message`, or all the sources of what it was joined of. */
  hold({ origin: { valve } }: Message): void {
    if (this.valves.has(valve)) return;
    this.valves.add(valve);
    valve.hold(this);
  }

  release(): void {
    for (const valve of this.valves) valve.release(this);
    this.valves.clear();
  }
}
