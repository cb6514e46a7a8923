/** The cases of the endpoint battery about what becomes of a message: acked, nacked, left unsettled, given back. */
import type { Message } from '../core/message.ts';
import { type BatterySkip, type PlayedCase, payloadsOf } from './battery-case.ts';
import { countOf, expectCounts, expectSame } from './battery-count.ts';
import { pause, payloadsIn } from './battery-messages.ts';
import type { StagedRole } from './battery-stage.ts';
import { seededRandom } from './seeded.ts';

/** Long enough for what was settled to be told, and for a message that must not come. */
const A_WHILE_MS = 300;

/** A quarter is kept and brought again, so that the case is over soon where redelivery takes a time-out. */
const FEW = 12;

const SEED = 7;

export const settlingCases: readonly PlayedCase[] = [
  {
    name: 'does not bring again what was acked',
    needs: ['source', 'put'],
    async play({ world, at, mount, until }, { messages }) {
      const first = await mount(world.source?.(at) ?? {});
      const cannot = cannotAck(first);
      if (cannot !== undefined) return cannot;
      await first.isOpen();
      const given = payloadsOf(world, messages);
      await world.put?.(given);
      await until('all have come', () => first.emitted.length >= given.length);
      // Stopped at once: an ack that waits for its turn must still be told.
      await first.stop();
      const second = await mount(world.source?.(at) ?? {});
      await second.isOpen();
      await pause(A_WHILE_MS);
      await world.put?.(payloadsOf(world, 1, messages));
      await until('a new message comes', () => second.emitted.length > 0);
      if (second.emitted.length > 1)
        throw new Error(
          `${second.emitted.length - 1} of ${messages} messages came again after they were acked`,
        );
      return undefined;
    },
  },
  {
    name: 'brings again what was not settled, under its id',
    needs: ['source', 'put'],
    async play({ world, at, mount, until }) {
      const kept: Message[] = [];
      let place = 0;
      const first = await mount(world.source?.(at) ?? {}, {
        route: (message) => {
          if (place++ % 4 === 0) kept.push(message);
          else message.ack();
        },
      });
      const cannot = cannotReturn(first);
      if (cannot !== undefined) return cannot;
      await first.isOpen();
      await world.put?.(payloadsOf(world, FEW));
      await until('all have come', () => first.emitted.length >= FEW);
      await pause(A_WHILE_MS);
      await first.stop();
      const second = await mount(world.source?.(at) ?? {});
      await until('what was not settled comes again', () => second.emitted.length >= kept.length, {
        more: () =>
          `${second.emitted.length} of ${kept.length} have; ${second.endpoint.lastError?.message ?? ''}`,
      });
      // A cumulative source brings again what came after the oldest as well.
      const again = new Set(second.emitted.map(({ id }) => id));
      const missing = kept.filter(({ id }) => !again.has(id));
      if (missing.length > 0)
        throw new Error(`${missing[0]?.id ?? ''} was not settled, and came under no such id`);
      return undefined;
    },
  },
  {
    name: 'brings again what was nacked, under its id, and counts',
    needs: ['source', 'put'],
    async play({ world, at, mount, until }) {
      const seen = new Set<string>();
      const source = await mount(world.source?.(at) ?? {}, {
        route: (message) => {
          if (seen.has(message.id)) message.ack();
          else {
            seen.add(message.id);
            message.nack();
          }
        },
      });
      const cannot = cannotReturn(source);
      if (cannot !== undefined) return cannot;
      await source.isOpen();
      await world.put?.(payloadsOf(world, FEW));
      await until('each has come twice', () => source.emitted.length >= 2 * FEW, {
        more: () => `${source.emitted.length} came of ${2 * FEW}`,
      });
      if (seen.size !== FEW) throw new Error(`${FEW} messages came under ${seen.size} ids`);
      const counts = source.emitted.map(({ meta }) => meta.deliveries ?? 1);
      const first = counts.filter((count) => count === 1).length;
      if (first !== FEW || counts.some((count) => count > 2))
        throw new Error(`expected each as delivery 1 and as delivery 2, found ${counts.join(', ')}`);
      return undefined;
    },
  },
  {
    name: 'loses nothing to random nacks',
    needs: ['source', 'put'],
    async play({ world, at, mount, until }, { messages }) {
      const random = seededRandom(SEED);
      const done: unknown[] = [];
      const source = await mount(world.source?.(at) ?? {}, {
        route: (message) => {
          if (random() < 0.1) return message.nack();
          done.push(message.payload);
          message.ack();
        },
      });
      const cannot = source.capabilities.source?.returnsNacks === true ? undefined : cannotReturn(source);
      if (cannot !== undefined) return cannot;
      await source.isOpen();
      const given = payloadsOf(world, messages);
      await world.put?.(given);
      await until(`all ${messages} are acked`, () => done.length >= messages, {
        more: () => `${done.length} are, of ${source.emitted.length} that came`,
      });
      await until('nothing is unsettled', () => source.endpoint.inbound.isIdle);
      await pause(A_WHILE_MS);
      expectCounts(
        countOf(
          given.map(({ payload }) => payload),
          done,
        ),
        0,
        'acked',
      );
      return undefined;
    },
  },
  {
    name: 'drains, and leaves nothing behind',
    needs: ['source', 'put'],
    async play({ world, at, mount, proxy, until }, { messages }) {
      const kept: Message[] = [];
      const first = await mount(world.source?.(at) ?? {}, {
        maxInFlight: 16,
        route: (message) => kept.push(message),
      });
      await first.isOpen();
      const given = payloadsOf(world, messages);
      await world.put?.(given);
      await until('some are unsettled', () => kept.length > 0);
      first.endpoint.drain();
      // What was read already is still carried through, and nothing else.
      for (const begin = performance.now(); performance.now() - begin < A_WHILE_MS; await pause(5))
        for (const message of kept.splice(0)) message.ack();
      const drained = first.emitted.length;
      // Where nothing waits for acks, all that was in one piece of a connection has been read.
      const { acks, canPause } = first.capabilities.source ?? {};
      if (acks === true && canPause === true && drained > messages / 2)
        throw new Error(`${drained} of ${messages} messages came, most of them after it was drained`);
      const begun = performance.now();
      await first.stop();
      if (performance.now() - begun > 3_000) throw new Error('it took more than 3 s to close');
      if (proxy !== undefined) await until('its connections are closed', () => proxy.connections === 0);
      await pause(A_WHILE_MS);
      if (first.emitted.length > drained) throw new Error('it emits after it was closed');
      if (cannotReturn(first) !== undefined) return undefined;

      const second = await mount(world.source?.(at) ?? {});
      const came = (): readonly unknown[] => payloadsIn([...first.emitted, ...second.emitted]);
      await until('the rest comes the next time', () => came().length >= messages, {
        more: () => `${came().length} of ${messages} have`,
      });
      await pause(A_WHILE_MS);
      expectCounts(
        countOf(
          given.map(({ payload }) => payload),
          came(),
        ),
        0,
        'before and after a drain',
      );
      if (first.capabilities.source?.ordered === 'all' && first.capabilities.source.scope === 'once')
        expectSame(
          given.map(({ payload }) => payload),
          came(),
          'before and after a drain',
        );
      return undefined;
    },
  },
];

function cannotAck({ capabilities }: StagedRole): BatterySkip | undefined {
  if (capabilities.source?.acks === true) return undefined;
  return { skipped: 'its system waits for no acks' };
}

export function cannotReturn(role: StagedRole): BatterySkip | undefined {
  if (role.capabilities.source?.redelivers === true) return undefined;
  return { skipped: 'its system delivers nothing again' };
}
