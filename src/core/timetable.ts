/** Things that are due after the same time, by key: one timer for all of them, and a look at the clock for each. */
import type { SchedulerLike, Subscription } from 'rxjs';

export interface TimetableOptions<Key, Value> {
  readonly scheduler: SchedulerLike;
  /** How long after it was entered a thing is due. */
  readonly ms: number;
  /** Called for each when it is due, the oldest first; it is out of the table by then. */
  readonly onDue: (key: Key, value: Value) => void;
}

interface Entry<Value> {
  readonly value: Value;
  readonly dueAt: number;
}

/**
 * Since all wait equally long, the order in which they were entered is the order in which they are due. The timer
 * is that of the oldest when it was set; taking things out leaves it alone, so that short lives cost no timers.
 *
 * As large as what is entered: its owner bounds it.
 */
export class Timetable<Key, Value> {
  private readonly options: TimetableOptions<Key, Value>;
  private readonly entries = new Map<Key, Entry<Value>>();
  private timer: Subscription | undefined;
  private isStopped = false;

  constructor(options: TimetableOptions<Key, Value>) {
    this.options = options;
  }

  get size(): number {
    return this.entries.size;
  }

  get(key: Key): Value | undefined {
    return this.entries.get(key)?.value;
  }

  /** Enters it as the newest; one that is there with the same key is replaced, and waits anew. */
  set(key: Key, value: Value): void {
    const { scheduler, ms } = this.options;
    this.entries.delete(key);
    this.entries.set(key, { value, dueAt: scheduler.now() + ms });
    if (this.timer === undefined) this.arm(ms);
  }

  delete(key: Key): boolean {
    return this.entries.delete(key);
  }

  /** Takes the oldest out. */
  shift(): readonly [Key, Value] | undefined {
    for (const [key, { value }] of this.entries) {
      this.entries.delete(key);
      return [key, value];
    }
    return undefined;
  }

  /** Nothing is due any more; what is in the table stays there. */
  stop(): void {
    this.isStopped = true;
    this.timer?.unsubscribe();
    this.timer = undefined;
  }

  private arm(ms: number): void {
    if (this.isStopped) return;
    this.timer = this.options.scheduler.schedule(() => this.look(), ms);
  }

  /** Looks at what is there now: what `onDue` enters meanwhile has its turn later, also when it is due at once. */
  private look(): void {
    const { scheduler, onDue } = this.options;
    const now = scheduler.now();
    let left = this.entries.size;
    for (const [key, { value, dueAt }] of this.entries) {
      if (left === 0 || dueAt > now) {
        this.arm(Math.max(0, dueAt - now));
        return;
      }
      left -= 1;
      this.entries.delete(key);
      onDue(key, value);
    }
    this.timer = undefined;
  }
}
