// Whatever becomes of the connection, and whenever: a message that Redis did not refuse is published, in its place.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AraldoError } from '../../../src/core/errors.ts';
import { Message } from '../../../src/core/message.ts';
import { runs } from '../../runs.ts';
import { elapse, turn } from '../../virtual-time.ts';
import { type FakeConnection, fakeRedis, reply } from './fake-redis.ts';

const count = fc.integer({ min: 1, max: 40 });

const action = fc.oneof(
  fc.record({ do: fc.constant('send' as const), count }),
  fc.record({ do: fc.constant('answer' as const), count }),
  fc.record({ do: fc.constant('pass' as const), count: fc.integer({ min: 1, max: 300 }) }),
  // The loss is told before or after what is unanswered is refused, or is not told at all.
  fc.record({ do: fc.constantFrom('lose' as const, 'lose late' as const, 'refuse' as const) }),
  // Redis has been restarted and loads its data.
  fc.record({ do: fc.constant('load' as const) }),
  // What was unanswered when the connection was lost is answered all the same, long after.
  fc.record({ do: fc.constantFrom('abandon' as const, 'answer the abandoned' as const) }),
);

it('endpoint-redis › publishes all it is sent, in order, and counts each once, whatever happens to its connection', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
      const { scheduler, supervisor, endpoint, leg, connections } = fakeRedis({ publishes: 'out' });
      supervisor.start();
      await elapse(scheduler, 10);
      const current = (): FakeConnection => connections.at(-1)!;
      const abandoned: FakeConnection['published'] = [];
      let sent = 0;
      for (const step of actions) {
        const { published, options } = current();
        switch (step.do) {
          case 'send':
            for (let n = 0; n < step.count; n += 1) leg.offer(Message.of(String(sent++)));
            break;
          case 'answer':
            for (const { resolve } of published.splice(0, step.count)) resolve();
            break;
          case 'pass':
            await elapse(scheduler, step.count);
            break;
          case 'lose':
            await current().lose();
            break;
          case 'lose late':
            options.onLost(new AraldoError('connection-lost', 'lost'));
            break;
          case 'abandon':
            abandoned.push(...published.splice(0));
            options.onLost(new AraldoError('connection-lost', 'lost'));
            break;
          case 'answer the abandoned':
            for (const { resolve } of abandoned.splice(0)) resolve();
            break;
          case 'refuse':
            for (const { reject } of published.splice(0)) reject(new Error("Stream isn't writeable"));
            break;
          case 'load':
            for (const { reject } of published.splice(0)) reject(reply('LOADING Redis is loading'));
            break;
          default:
            step satisfies never;
        }
        await turn();
        const { received, delivered, failed, held } = leg;
        expect(received).toBe(delivered + failed + held);
      }
      for (let round = 0; leg.held > 0 && round < 100; round += 1) {
        await elapse(scheduler, 100);
        for (const { resolve } of current().published.splice(0)) resolve();
      }
      await elapse(scheduler, 100);
      expect({ state: endpoint.state, delivered: leg.delivered, failed: leg.failed, held: leg.held }).toEqual(
        {
          state: 'open',
          delivered: sent,
          failed: 0,
          held: 0,
        },
      );
      const first = [...new Set(connections.flatMap(({ writes }) => writes.flat()))];
      expect(first).toEqual(Array.from({ length: sent }, (_, n) => String(n)));
      await supervisor.stop();
    }),
    runs({ share: 0.3 }),
  );
});
