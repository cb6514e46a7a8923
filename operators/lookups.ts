/** Answers of a lookup: one at a time for each key, kept for a while. */
import { LRUCache } from 'lru-cache';
import type { SchedulerLike } from 'rxjs';

export interface LookupsOptions {
  /** How long an answer is kept, in milliseconds; 0 keeps none. */
  readonly ms: number;
  /** The most answers that are kept. */
  readonly max: number;
  readonly scheduler: SchedulerLike;
}

/** That there is no answer is asked again soon: whoever adds one expects it to be found. */
const MISSING_MS = 5_000;

/** A lookup under way. As many as messages wait for one. */
interface Pending {
  readonly answer: Promise<unknown>;
  readonly abort: AbortController;
  waiting: number;
}

interface Kept {
  readonly answer: unknown;
  readonly until: number;
}

/** Failures are told to all who wait for them and forgotten. */
export class Lookups {
  private readonly lookup: (key: unknown, signal: AbortSignal) => unknown;
  private readonly options: LookupsOptions;
  private readonly pending = new Map<unknown, Pending>();
  private readonly kept: LRUCache<NonNullable<unknown>, Kept> | undefined;

  constructor(lookup: (key: unknown, signal: AbortSignal) => unknown, options: LookupsOptions) {
    this.lookup = lookup;
    this.options = options;
    this.kept = options.ms > 0 ? new LRUCache({ max: options.max }) : undefined;
  }

  /**
   * @param id stands for the key: equal for equal keys.
   * @param signal aborts when this one does not wait any more.
   */
  async find(id: unknown, key: unknown, signal: AbortSignal): Promise<unknown> {
    const kept = this.kept?.get(id ?? NOTHING);
    if (kept !== undefined && this.options.scheduler.now() < kept.until) return kept.answer;
    const pending = this.pending.get(id) ?? this.start(id, key);
    pending.waiting += 1;
    const leave = (): void => {
      pending.waiting -= 1;
      if (pending.waiting === 0) this.forsake(id, pending, signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await pending.answer;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  private start(id: unknown, key: unknown): Pending {
    const abort = new AbortController();
    const answer = this.ask(id, key, abort.signal);
    const pending = { answer, abort, waiting: 0 };
    this.pending.set(id, pending);
    // Not in `ask`, which may be over before there is anything to delete.
    const over = (): void => {
      if (this.pending.get(id) === pending) this.pending.delete(id);
    };
    answer.then(over, over);
    return pending;
  }

  private async ask(id: unknown, key: unknown, signal: AbortSignal): Promise<unknown> {
    const answer = await this.lookup(key, signal);
    this.keep(id, answer);
    return answer;
  }

  private keep(id: unknown, answer: unknown): void {
    const { ms, scheduler } = this.options;
    const isMissing = answer === undefined || answer === null;
    this.kept?.set(id ?? NOTHING, {
      answer,
      until: scheduler.now() + (isMissing ? Math.min(ms, MISSING_MS) : ms),
    });
  }

  /** Nobody waits: whoever asks next starts anew. */
  private forsake(id: unknown, pending: Pending, reason: unknown): void {
    if (this.pending.get(id) === pending) this.pending.delete(id);
    pending.abort.abort(reason);
  }
}

/** The id of a key that is nothing. */
const NOTHING = Symbol('nothing');
