/** The valve of a source: shut while its window is full or anybody holds it. */
import type { SchedulerLike } from 'rxjs';
import type { Holder } from './message.ts';

export interface GateOptions {
  /** The most places that may be taken; `max-in-flight`. */
  readonly window: number;
  readonly scheduler: SchedulerLike;
  /** Called at once, with each change from open to shut. */
  readonly onShut?: () => void;
  /**
   * Called at most once a turn, after the last holder let go or a full window has room again, and never while
   * anybody holds the gate. The window may be full then: what has a place in it already may pass.
   */
  readonly onOpen: () => void;
}

/**
 * Closing takes effect at once; opening is announced on the scheduler's next turn, so that a source which
 * runs full and empty within a turn does not start and stop its transport each time. A full window counts as
 * full until a quarter of it is free again, for the same reason.
 */
export class Gate {
  readonly window: number;
  private readonly reopenAt: number;
  private readonly held = new Set<Holder>();
  private readonly scheduler: SchedulerLike;
  private readonly onShut: () => void;
  private readonly onOpen: () => void;
  private used = 0;
  private full = false;
  private isAnnouncing = false;

  constructor(options: GateOptions) {
    this.window = options.window;
    this.reopenAt = Math.floor((options.window * 3) / 4);
    this.scheduler = options.scheduler;
    this.onShut = options.onShut ?? (() => undefined);
    this.onOpen = options.onOpen;
  }

  get isOpen(): boolean {
    return !this.full && this.held.size === 0;
  }

  /** The places taken: messages in flight, or the span of a cumulative source. */
  get inFlight(): number {
    return this.used;
  }

  /** Whether the window is full. */
  get isFull(): boolean {
    return this.full;
  }

  /** Whether anybody holds it. */
  get isHeld(): boolean {
    return this.held.size > 0;
  }

  /** Who keeps it shut, by name. */
  get holders(): readonly string[] {
    return [...this.held].map((holder) => holder.name);
  }

  enter(): void {
    this.used += 1;
    if (!this.full && this.used >= this.window) {
      const wasOpen = this.isOpen;
      this.full = true;
      if (wasOpen) this.onShut();
    }
  }

  leave(places = 1): void {
    this.used -= places;
    if (this.full && this.used <= this.reopenAt) {
      this.full = false;
      this.announce();
    }
  }

  hold(holder: Holder): void {
    const wasOpen = this.isOpen;
    this.held.add(holder);
    if (wasOpen) this.onShut();
  }

  release(holder: Holder): void {
    if (this.held.delete(holder)) this.announce();
  }

  private announce(): void {
    if (this.isHeld || this.isAnnouncing) return;
    this.isAnnouncing = true;
    this.scheduler.schedule(() => {
      this.isAnnouncing = false;
      if (!this.isHeld) this.onOpen();
    });
  }
}
