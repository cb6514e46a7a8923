/** A queue on a circular array: every operation in constant time, unlike `Array.shift`, which is linear. */

const SMALLEST = 16;

/** What a ring has before its first item: there are two for each of ten thousand idle peers. */
const NONE: readonly never[] = [];

/**
 * First in, first out. It grows by doubling and never shrinks below what it once held; its owner bounds it.
 */
export class Ring<T> {
  private slots: (T | undefined)[] = NONE as never[];
  private head = 0;
  private count = 0;

  get length(): number {
    return this.count;
  }

  push(item: T): void {
    if (this.count === this.slots.length) this.grow();
    this.slots[(this.head + this.count) & (this.slots.length - 1)] = item;
    this.count += 1;
  }

  /** Puts `item` before the oldest. */
  unshift(item: T): void {
    if (this.count === this.slots.length) this.grow();
    this.head = (this.head - 1) & (this.slots.length - 1);
    this.slots[this.head] = item;
    this.count += 1;
  }

  /** Takes the oldest, or `undefined` from an empty ring. */
  shift(): T | undefined {
    if (this.count === 0) return undefined;
    const item = this.slots[this.head];
    this.slots[this.head] = undefined;
    this.head = (this.head + 1) & (this.slots.length - 1);
    this.count -= 1;
    return item;
  }

  /** Takes the newest, or `undefined` from an empty ring. */
  pop(): T | undefined {
    if (this.count === 0) return undefined;
    this.count -= 1;
    const slot = (this.head + this.count) & (this.slots.length - 1);
    const item = this.slots[slot];
    this.slots[slot] = undefined;
    return item;
  }

  /** The item at `index` from the oldest, which is 0. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.count) return undefined;
    return this.slots[(this.head + index) & (this.slots.length - 1)];
  }

  /** Replaces the item at `index` from the oldest. */
  set(index: number, item: T): void {
    if (index < 0 || index >= this.count) {
      throw new RangeError(`ring index ${index} is outside 0..${this.count - 1}`);
    }
    this.slots[(this.head + index) & (this.slots.length - 1)] = item;
  }

  clear(): void {
    this.slots = NONE as never[];
    this.head = 0;
    this.count = 0;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let index = 0; index < this.count; index += 1) yield this.at(index) as T;
  }

  private grow(): void {
    const grown = new Array<T | undefined>(Math.max(SMALLEST, this.slots.length * 2));
    for (let index = 0; index < this.count; index += 1) grown[index] = this.at(index);
    this.slots = grown;
    this.head = 0;
  }
}
