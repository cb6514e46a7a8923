import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backlog } from '../../src/core/backlog.ts';
import { Message } from '../../src/core/message.ts';
import { memoryOverflows, type Overflow } from '../../src/core/overflow.ts';
import { runs } from '../runs.ts';

/** A text of `size` characters, the first of which is its key. */
function messageOf(text: string): Message {
  return Message.of(text, { key: text[0] as string });
}

function backlogOf(overflow: Overflow, messages: number, bytes = 1 << 24) {
  const dropped: string[] = [];
  const backlog = new Backlog({
    overflow,
    capacity: { messages, bytes },
    onDrop: (message, reason) => dropped.push(`${message.payload as string} ${reason}`),
  });
  const offer = (...texts: string[]): string[] => texts.map((text) => backlog.add(messageOf(text)));
  /** What a lost sink gives back, the oldest first. */
  const giveBack = (...texts: string[]): void => {
    for (const text of texts.toReversed()) backlog.putBack(messageOf(text));
    backlog.trim();
  };
  const rest = (): unknown[] => [...backlog.takeAll()].map(({ payload }) => payload);
  return { backlog, dropped, offer, giveBack, rest };
}

/** The policies over a plain array of texts, two bytes a character; the index of each is its turn. */
function kept(overflow: Overflow, texts: readonly string[], messages: number, bytes: number): string[] {
  const total = (some: readonly string[]): number => some.reduce((sum, text) => sum + 2 * text.length, 0);
  const fits = (some: readonly string[]): boolean =>
    some.length <= 1 || (some.length <= messages && total(some) <= bytes);
  let queue: string[] = [];
  for (const text of texts) {
    if (overflow === 'drop-newest' || overflow === 'error') {
      if (fits([...queue, text])) queue.push(text);
      continue;
    }
    const same = queue.findIndex((other) => other[0] === text[0]);
    if ((overflow === 'latest' || overflow === 'sample') && same >= 0) queue[same] = text;
    else queue.push(text);
    if (overflow !== 'pause') while (!fits(queue)) queue = queue.slice(1);
  }
  return queue;
}

const texts = fc.array(
  fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(9), fc.nat(12)).map(([key, turn, more]) => {
    return `${key}${turn}${'~'.repeat(more)}`;
  }),
  { maxLength: 30 },
);

describe('backlog', () => {
  it.each(memoryOverflows)('keeps under %s what a plain array keeps, in messages and bytes', (overflow) => {
    fc.assert(
      fc.property(
        texts,
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 90 }),
        (all, messages, bytes) => {
          const { backlog, dropped, offer, rest } = backlogOf(overflow, messages, bytes);
          const refused = offer(...all).filter((admission) => admission === 'refused').length;
          const expected = kept(overflow, all, messages, bytes);
          expect(backlog.length).toBe(expected.length);
          expect(backlog.bytes).toBe(expected.reduce((sum, text) => sum + 2 * text.length, 0));
          if (overflow !== 'pause') expect(backlog.peak).toBeLessThanOrEqual(messages);
          expect(rest()).toEqual(expected);
          expect(all.length).toBe(expected.length + dropped.length + refused);
          expect([backlog.length, backlog.bytes]).toEqual([0, 0]);
        },
      ),
      runs(),
    );
  });

  it.each(['drop-oldest', 'drop-newest', 'pause'] as const)(
    'treats what comes back under %s as if it had never left',
    (overflow) => {
      fc.assert(
        fc.property(
          texts,
          fc.nat(30),
          fc.integer({ min: 1, max: 6 }),
          fc.integer({ min: 1, max: 90 }),
          (all, at, messages, bytes) => {
            const { backlog, offer, giveBack, rest } = backlogOf(overflow, messages, bytes);
            const left = kept(overflow, all.slice(0, at), messages, bytes);
            const came = kept(overflow, all.slice(at), messages, bytes);
            offer(...came);
            giveBack(...left);
            expect(backlog.length === 0 || backlog.peak > 0).toBe(true);
            const expected = [...left, ...came];
            const isOver = (): boolean =>
              expected.length > messages ||
              (expected.length > 1 && expected.reduce((sum, text) => sum + 2 * text.length, 0) > bytes);
            if (overflow === 'drop-oldest') while (isOver()) expected.shift();
            if (overflow === 'drop-newest') while (isOver()) expected.pop();
            expect(rest()).toEqual(expected);
          },
        ),
        runs(),
      );
    },
  );

  it('keeps nothing that is older than what it has dropped', () => {
    // Under a bound in bytes the large one cannot come back, so neither may the small one before it.
    const { dropped, offer, giveBack, rest } = backlogOf('drop-oldest', 10, 20);
    offer('c2345');
    giveBack('a1', 'b234567890');
    expect(rest()).toEqual(['c2345']);
    expect(dropped).toEqual(['a1 drop-oldest', 'b234567890 drop-oldest']);
  });

  it('keeps one message that is larger than its bound', () => {
    for (const overflow of memoryOverflows) {
      const { offer, rest } = backlogOf(overflow, 3, 4);
      expect(offer('a123456789')).toEqual(['kept']);
      expect(rest()).toEqual(['a123456789']);
    }
  });

  it('gives the newest of a key the place of the one before, and its bytes', () => {
    const { backlog, dropped, offer, rest } = backlogOf('latest', 4);
    offer('a1', 'b1', 'a2345');
    expect(backlog.bytes).toBe(14);
    expect(dropped).toEqual(['a1 superseded']);
    expect(rest()).toEqual(['a2345', 'b1']);
    offer('a3');
    expect(rest()).toEqual(['a3']);
  });

  it('gives back under latest only what nothing newer supersedes', () => {
    const { dropped, offer, giveBack, rest } = backlogOf('latest', 3);
    offer('a3', 'b2');
    giveBack('a1', 'c1', 'c2');
    expect(rest()).toEqual(['c2', 'a3', 'b2']);
    expect(dropped).toEqual(['c1 superseded', 'a1 superseded']);
  });

  it.each(memoryOverflows)('keeps under %s as many bytes as it may, to the byte', (overflow) => {
    const { backlog, dropped, offer, rest } = backlogOf(overflow, 8, 10);
    expect(offer('aaa', 'bb')).toEqual(['kept', 'kept']);
    expect([dropped, backlog.bytes, backlog.isFull, backlog.room]).toEqual([
      [],
      10,
      true,
      { messages: 6, bytes: 0 },
    ]);
    expect(rest()).toEqual(['aaa', 'bb']);
  });

  it('is low with half of its bytes, to the byte, and not with more', () => {
    const { backlog, offer } = backlogOf('pause', 8, 8);
    offer('aa');
    expect([backlog.bytes, backlog.isLow, backlog.isFull]).toEqual([4, true, false]);
    offer('b');
    expect([backlog.bytes, backlog.isLow, backlog.isFull]).toEqual([6, false, false]);
  });

  it('says what it gives up for what comes back, and why', () => {
    const newest = backlogOf('drop-newest', 2);
    newest.offer('c', 'd');
    newest.giveBack('a', 'b');
    expect(newest.dropped).toEqual(['d drop-newest', 'c drop-newest']);
    expect([newest.backlog.bytes, newest.rest()]).toEqual([4, ['a', 'b']]);
    const oldest = backlogOf('drop-oldest', 2);
    oldest.offer('c', 'd');
    oldest.giveBack('a', 'b');
    expect(oldest.dropped).toEqual(['a drop-oldest', 'b drop-oldest']);
  });

  it('notes the most that ever waited', () => {
    const { backlog, offer, giveBack } = backlogOf('pause', 2);
    offer('a', 'b', 'c');
    backlog.take();
    backlog.take();
    expect(backlog.peak).toBe(3);
    giveBack('x', 'y', 'z');
    expect(backlog.peak).toBe(4);
    const bounded = backlogOf('drop-oldest', 2);
    bounded.offer('a', 'b', 'c');
    expect(bounded.backlog.peak).toBe(2);
  });

  it('is full at either bound, and low at half of both', () => {
    const { backlog, offer } = backlogOf('pause', 4, 20);
    offer('a1', 'a2');
    expect([backlog.isFull, backlog.isLow]).toEqual([false, true]);
    offer('a3');
    expect([backlog.isFull, backlog.isLow]).toEqual([false, false]);
    offer('a45678');
    expect(backlog.isFull).toBe(true);
    backlog.take();
    backlog.take();
    expect([backlog.length, backlog.isLow]).toEqual([2, false]);
  });
});
