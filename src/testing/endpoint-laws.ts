/** The laws of every endpoint whose other side a test can play, as checks that any test runner can call. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { endpointScripts, playScript } from './endpoint-script.ts';
import { createEndpointStage, type EndpointStage, type StagedEndpoint } from './endpoint-stage.ts';
import type { Law } from './operator-laws.ts';
import { shown } from './shown.ts';

export interface EndpointUnderLaws extends Omit<StagedEndpoint, 'maxInFlight'> {
  /** What comes and goes; short texts unless given. They must differ, so that each can be recognised. */
  readonly payloads?: fc.Arbitrary<unknown>;
  /** How many messages a paused transport may still hand over; 1 unless given. More where the test pushes them. */
  readonly overshoot?: number;
}

/** Small, so that it is full soon. */
const WINDOW = 4;

/** Longer than what an endpoint takes to do what it has been told. */
const REST_MS = 10_000;

/** More rounds than any of these small cases needs. */
const MAX_ROUNDS = 200;

/**
 * What holds for every endpoint: its window, its order, holding it, settling, delivering again, closing. `world` plays
 * the other side, within the process; what it leaves out is not examined.
 *
 * @example
 * const under = { plugin, options: { channel: 'c' }, world: (endpoint) => ({ send: (payload) => … }) };
 * for (const law of endpointLaws('endpoint-mine', under)) test(law.name, () => law.check());
 */
export function endpointLaws(name: string, under: EndpointUnderLaws): readonly Law[] {
  const payloads = under.payloads ?? fc.string({ minLength: 1, maxLength: 12 });
  const many = fc.uniqueArray(payloads, {
    minLength: 30,
    maxLength: 150,
    selector: (one) => JSON.stringify(one),
  });
  const few = fc.uniqueArray(payloads, {
    minLength: 1,
    maxLength: 12,
    selector: (one) => JSON.stringify(one),
  });
  const law = <Inputs extends unknown[]>(
    fact: string,
    inputs: { [Place in keyof Inputs]: fc.Arbitrary<Inputs[Place]> },
    hold: (stage: EndpointStage, ...inputs: Inputs) => Promise<void>,
  ): Law => ({
    name: `${name} ${fact}`,
    check: (settings = {}) =>
      fc.assert(
        fc.asyncProperty(...(inputs as [fc.Arbitrary<unknown>]), async (...given: unknown[]) => {
          const stage = await createEndpointStage({ ...under, maxInFlight: WINDOW });
          try {
            await hold(stage, ...(given as Inputs));
          } finally {
            stage.world.end?.();
          }
        }),
        settings,
      ),
  });

  return [
    law(
      'emits what it is sent, once and in order, within its window and never while it is held',
      [endpointScripts, many],
      async (stage, script, payloads) => {
        if (stage.world.send === undefined) return;
        await stage.open();
        const sent = await playScript(stage, script, payloads);
        await settleAll(stage);
        expectWindow(stage);
        const first = stage.emitted.filter(({ message }) => (message.meta.deliveries ?? 1) === 1);
        if (
          !isDeepStrictEqual(
            first.map(({ payload }) => plain(payload)),
            sent.map(plain),
          )
        ) {
          throw stage.broken(
            `it was sent ${shown(sent)}, and emitted ${shown(first.map(({ payload }) => payload))}`,
          );
        }
      },
    ),
    law('is paused by a shut gate, and reads on when it opens', [many], async (stage, payloads) => {
      if (stage.world.send === undefined || stage.capabilities.source?.canPause !== true) return;
      await stage.open();
      stage.hold();
      for (const payload of payloads) {
        stage.send(payload);
        await stage.pass(0);
      }
      const { inbound } = stage.endpoint;
      const { overshoot = 1 } = under;
      if (stage.emitted.length > 0) throw stage.broken('it emitted while it was held');
      if (inbound.stashedPeak > overshoot) {
        throw stage.broken(
          `${inbound.stashedPeak} messages came in at a shut gate; its overshoot is ${overshoot}`,
        );
      }
      stage.release();
      await settleAll(stage);
      const missing =
        payloads.length - new Set(stage.emitted.map(({ payload }) => JSON.stringify(plain(payload)))).size;
      if (missing > 0) throw stage.broken(`${missing} messages never came after it was let go`);
    }),
    law(
      'tells its other side once of each message that is done',
      [endpointScripts, many],
      async (stage, script, payloads) => {
        if (stage.world.acked === undefined) return;
        await stage.open();
        await playScript(stage, script, payloads);
        await settleAll(stage);
        const acked = stage.emitted
          .filter(({ status }) => status === 'ack')
          .map(({ payload }) => plain(payload));
        const told = stage.world.acked().map(plain);
        if (!isDeepStrictEqual(sorted(acked), sorted(told))) {
          throw stage.broken(
            `${acked.length} messages were acked, and its other side was told of ${told.length}`,
          );
        }
      },
    ),
    law('brings again what was nacked, under its id, and counts', [few], async (stage, payloads) => {
      if (stage.world.send === undefined || stage.capabilities.source?.redelivers !== true) return;
      await stage.open();
      for (const payload of payloads) {
        stage.send(payload);
        await stage.pass(0);
        const [first] = stage.emitted.slice(-1);
        stage.settle(0, 'nack');
        await stage.pass(REST_MS);
        const [again] = stage.emitted.slice(-1);
        if (again === first || again === undefined)
          throw stage.broken(`${shown(payload)} was nacked, and never came again`);
        if (again.message.id !== first?.message.id) throw stage.broken('it came again under another id');
        if (again.message.meta.deliveries !== 2)
          throw stage.broken(`it came again as delivery ${again.message.meta.deliveries}`);
        stage.settle(0, 'ack');
        await stage.pass(0);
      }
    }),
    law('has meta that is plain, and can travel', [few], async (stage, payloads) => {
      if (stage.world.send === undefined) return;
      await stage.open();
      for (const payload of payloads) stage.send(payload);
      await settleAll(stage);
      for (const { message } of stage.emitted) {
        if (!isDeepStrictEqual(JSON.parse(JSON.stringify(message.meta)), message.meta)) {
          throw stage.broken(`meta is more than JSON can hold: ${shown(message.meta)}`);
        }
      }
    }),
    law(
      'sends what it is given, once and in order, also when its other side takes nothing for a while',
      [few, fc.nat(12)],
      async (stage, payloads, stallAt) => {
        if (stage.world.received === undefined || stage.capabilities.sink === undefined) return;
        await stage.open();
        for (const [place, payload] of payloads.entries()) {
          if (place === stallAt) stage.world.stall?.();
          stage.write(payload);
          await stage.pass(0);
        }
        stage.world.resume?.();
        await stage.pass(REST_MS);
        expectReceived(stage, payloads);
      },
    ),
    law(
      'sends again what its other side had not confirmed when the connection broke',
      [few, fc.nat(12)],
      async (stage, payloads, breakAt) => {
        if (stage.world.break === undefined || stage.world.received === undefined) return;
        await stage.open();
        for (const [place, payload] of payloads.entries()) {
          if (place === breakAt) await stage.breakAndReset();
          stage.write(payload);
          await stage.pass(0);
        }
        if (stage.endpoint.state !== 'open') await stage.open();
        await stage.pass(REST_MS);
        const arrived = new Set(stage.world.received().map((one) => JSON.stringify(plain(one))));
        const missing = payloads.filter((one) => !arrived.has(JSON.stringify(plain(one))));
        if (missing.length > 0) throw stage.broken(`${shown(missing)} never arrived`);
      },
    ),
    law(
      'can be opened and closed again and again, and leaves nothing behind',
      [few, fc.integer({ min: 1, max: 3 })],
      async (stage, payloads, times) => {
        for (let time = 0; time < times; time += 1) {
          await stage.open();
          if (time > 0) await stage.breakAndReset();
        }
        if (stage.endpoint.state !== 'open') await stage.open();
        for (const payload of payloads) if (stage.world.send !== undefined) stage.send(payload);
        await settleAll(stage);
        await stage.close();
        await stage.close();
        const before = stage.emitted.length;
        for (const payload of payloads) if (stage.world.send !== undefined) stage.send(payload);
        await stage.pass(REST_MS);
        if (stage.emitted.length > before) throw stage.broken('it emits after it was closed');
        if (!stage.isQuiet) throw stage.broken('it has a timer that nobody ended');
      },
    ),
  ];
}

/** Lets go and acks, until nothing comes any more. */
async function settleAll(stage: EndpointStage): Promise<void> {
  stage.release();
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    await stage.pass(round % 2 === 0 ? 0 : REST_MS);
    const open = stage.emitted.filter(({ status }) => status === undefined).length;
    for (let each = 0; each < open; each += 1) stage.settle(0, 'ack');
    if (open === 0 && round % 2 === 1 && stage.endpoint.inbound.isIdle) return;
  }
  throw stage.broken('it never comes to rest, though all is acked');
}

function expectWindow(stage: EndpointStage): void {
  for (const { payload, wasHeld, unsettled } of stage.emitted) {
    if (wasHeld) throw stage.broken(`${shown(payload)} was emitted while the gate was held`);
    if (unsettled > WINDOW)
      throw stage.broken(`${shown(payload)} was unsettled message ${unsettled} of ${WINDOW}`);
  }
}

function expectReceived(stage: EndpointStage, payloads: readonly unknown[]): void {
  const received = stage.world.received?.().map(plain) ?? [];
  if (!isDeepStrictEqual(received, payloads.map(plain))) {
    throw stage.broken(`it was given ${shown(payloads)}, and its other side received ${shown(received)}`);
  }
  if (stage.leg.delivered !== payloads.length) {
    throw stage.broken(`${payloads.length} messages were sent, and ${stage.leg.delivered} confirmed`);
  }
}

/** Text and its bytes are the same, as far as the other side is concerned. */
function plain(payload: unknown): unknown {
  return payload instanceof Uint8Array ? Buffer.from(payload).toString('latin1') : payload;
}

function sorted(all: readonly unknown[]): readonly string[] {
  return all.map((one) => JSON.stringify(one)).toSorted();
}
