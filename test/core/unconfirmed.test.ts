import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Message } from '../../src/core/message.ts';
import { Unconfirmed } from '../../src/core/unconfirmed.ts';
import { Wire } from '../../src/core/wire.ts';
import { runs } from '../runs.ts';

const ticketPlace = fc.nat(12);
const deed = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      size: fc.nat(9),
      /** What happens before the write is over. */
      within: fc.constantFrom('nothing', 'nothing', 'take', 'take all', 'take an older one' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('take' as const), place: ticketPlace }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('take through' as const), place: ticketPlace }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('take all' as const) }) },
);

describe('what a sink has not confirmed', () => {
  it('is a list by ticket, from which any answer takes its own message, once', () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 40 }), (script) => {
        const unconfirmed = new Unconfirmed();
        let waiting: { readonly ticket: number; readonly message: Message; readonly size: number }[] = [];
        let last = -1;
        let isWriting = false;

        const look = (): void => {
          const written = isWriting ? waiting.slice(0, -1) : waiting;
          const first = written[0]?.ticket ?? waiting[0]?.ticket ?? last + 1;
          expect(unconfirmed.count).toBe(waiting.length);
          expect(unconfirmed.bytes).toBe(written.reduce((sum, { size }) => sum + size, 0));
          expect(unconfirmed.length).toBe(last + 1 - first - (isWriting ? 1 : 0));
        };
        const take = (ticket: number): void => {
          const taken = waiting.find((entry) => entry.ticket === ticket);
          expect(unconfirmed.take(ticket)).toBe(taken?.message);
          waiting = waiting.filter((entry) => entry !== taken);
        };
        const takeAll = (): void => {
          const all = waiting.map(({ message }) => message);
          expect([...unconfirmed.takeAll()]).toEqual(all.toReversed());
          waiting = [];
        };

        for (const step of script) {
          const { do: action } = step;
          if (action === 'write') {
            const message = Message.of('x').withWire('x', Wire.of(new Uint8Array(step.size)));
            const ticket = unconfirmed.begin(message);
            expect(ticket).toBe(last + 1);
            last = ticket;
            isWriting = true;
            waiting = [...waiting, { ticket, message, size: step.size }];
            expect([unconfirmed.isWriting(ticket), unconfirmed.isWriting(ticket - 1)]).toEqual([true, false]);
            look();
            if (step.within === 'take an older one') take(waiting[0]?.ticket === ticket ? -1 : ticket - 1);
            else if (step.within !== 'nothing') {
              if (step.within === 'take') take(ticket);
              else takeAll();
              isWriting = false;
            }
            unconfirmed.end(message);
            isWriting = false;
            expect(unconfirmed.isWriting(ticket)).toBe(false);
          } else if (action === 'take all') takeAll();
          else {
            const ticket = last - step.place;
            if (action === 'take') take(ticket);
            else {
              const through = waiting.filter((entry) => entry.ticket <= ticket);
              for (const { message } of through) expect(unconfirmed.takeThrough(ticket)).toBe(message);
              expect(unconfirmed.takeThrough(ticket)).toBeUndefined();
              waiting = waiting.filter((entry) => entry.ticket > ticket);
            }
          }
          look();
        }
      }),
      runs({ share: 0.3 }),
    );
  });

  it('counts no bytes of values', () => {
    const unconfirmed = new Unconfirmed();
    const message = Message.of({ large: 'x'.repeat(1_000) });
    unconfirmed.begin(message);
    unconfirmed.end(message);
    expect([unconfirmed.count, unconfirmed.bytes]).toEqual([1, 0]);
  });
});
