import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createInFlight } from '../../../plugins/endpoint-amqp/in-flight.ts';
import type { Sender } from '../../../src/core/sink.ts';
import { runs } from '../../runs.ts';

/** A leg that notes which of its tickets were answered. */
function sender(name: string): Sender & { readonly confirmed: Set<number>; sent: number } {
  const confirmed = new Set<number>();
  return {
    name,
    waits: true,
    confirmed,
    sent: 0,
    confirm: (ticket) => void confirmed.add(ticket),
    confirmThrough(ticket) {
      for (let one = 0; one <= ticket; one += 1) confirmed.add(one);
    },
    fail: () => {},
    dismiss: () => {},
  };
}

const action = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('publish' as const), to: fc.nat(1), id: fc.nat(3) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('confirm' as const, 'refuse' as const),
      place: fc.nat(),
      multiple: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('return' as const), place: fc.nat() }) },
);

it('endpoint-amqp › in flight › answers each message once, as it was answered, and counts what waits', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const senders = [sender('a'), sender('b')] as const;
      const inFlight = createInFlight();
      /** By tag: whose it is, and whether it waits. */
      const model: { to: 0 | 1; ticket: number; id: string; state: 'waits' | 'confirmed' | 'gone' }[] = [];
      const refused: string[] = [];
      const wanted: string[] = [];
      for (const one of actions) {
        if (one.kind === 'publish') {
          const to = one.to as 0 | 1;
          const ticket = senders[to].sent++;
          model.push({ to, ticket, id: `${one.id}`, state: 'waits' });
          inFlight.add({ sender: senders[to], ticket, id: `${one.id}`, size: 10 });
          continue;
        }
        const waiting = model.flatMap(({ state }, place) => (state === 'waits' ? [place] : []));
        const place = waiting[one.place % Math.max(1, waiting.length)];
        if (place === undefined) continue;
        if (one.kind === 'return') {
          const id = model[place]?.id ?? '';
          const taken = inFlight.takeReturned(id);
          const found = model.find(
            ({ to, ticket, state }) =>
              state === 'waits' && senders[to] === taken?.sender && ticket === taken.ticket,
          );
          expect(found?.id).toBe(id);
          if (found !== undefined) found.state = 'gone';
          continue;
        }
        for (const answered of model.slice(one.multiple ? 0 : place, place + 1)) {
          if (answered.state !== 'waits') continue;
          answered.state = one.kind === 'confirm' ? 'confirmed' : 'gone';
          if (one.kind === 'refuse') wanted.push(`${answered.to}/${answered.ticket}`);
        }
        if (one.kind === 'confirm') inFlight.confirm(place + 1, one.multiple);
        else
          inFlight.refuse(place + 1, one.multiple, (published) =>
            refused.push(`${published.sender === senders[0] ? 0 : 1}/${published.ticket}`),
          );
        expect(inFlight.count).toBe(model.filter(({ state }) => state === 'waits').length);
        expect(inFlight.bytes).toBe(inFlight.count * 10);
      }
      expect(refused).toEqual(wanted);
      // A leg ignores a ticket that was answered before, so what is confirmed with others may be one that is gone.
      for (const { to, ticket, state } of model) {
        if (state === 'confirmed') expect(senders[to].confirmed.has(ticket)).toBe(true);
        if (state === 'waits') expect(senders[to].confirmed.has(ticket)).toBe(false);
      }
    }),
    runs(),
  );
});
