/** The cases of the endpoint battery in which an endpoint cannot open: it says why, and tries again at a sane pace. */
import { inspect } from 'node:util';
import { AraldoError } from '../core/errors.ts';
import type { PlayedCase } from './battery-case.ts';
import { pause } from './battery-messages.ts';
import { type BatteryStage, closedPort } from './battery-stage.ts';
import type { Refusal } from './battery-world.ts';

/** So long it is watched. */
const WATCHED_MS = 500;

/** Pauses of 50 ms and more, doubled each time and jittered: a dozen tries in half a second are very unlucky. */
const MOST_TRIES = 16;

/** An endpoint has a few connections, and a library may try a few addresses for each. */
const CONNECTIONS_A_TRY = 8;

export const refusalCases: readonly PlayedCase[] = [
  {
    name: 'says once what is wrong with a host that is not there, and tries again with pauses',
    needs: ['server'],
    async play(stage) {
      const { world } = stage;
      const nowhere = { host: '127.0.0.1', port: await closedPort() };
      let options: object | undefined;
      for (const role of [world.sink?.(nowhere), world.source?.(nowhere)])
        if (role !== undefined && (await stage.capabilitiesOf(role)).listensOn === undefined) options = role;
      if (options === undefined) return { skipped: 'it connects to nothing' };
      await expectRefusal(stage, {
        what: 'a host that is not there',
        options,
        says: new RegExp(`${nowhere.port}`),
      });
      return undefined;
    },
  },
  {
    name: 'says once what is wrong with a refusal, and tries again with pauses',
    needs: ['server', 'refusals'],
    async play(stage) {
      const { world, at } = stage;
      // What must be there for it to be the wrong one: places are made with the first message.
      await world.put?.([{ payload: Buffer.from('0 ') }]);
      for (const refusal of world.refusals?.(at) ?? []) await expectRefusal(stage, refusal);
      return undefined;
    },
  },
];

async function expectRefusal({ mount, proxy, until }: BatteryStage, refusal: Refusal): Promise<void> {
  const { what, options, says, secret } = refusal;
  const broken = (text: string): Error => new Error(`${what}: ${text}`);
  const stray: unknown[] = [];
  const onStray = (thrown: unknown): void => void stray.push(thrown);
  process.on('unhandledRejection', onStray);
  process.on('uncaughtException', onStray);
  const before = proxy?.accepted ?? 0;
  try {
    const role = await mount(options);
    await until(`it says what is wrong: ${what}`, () => role.failures.length > 0, {
      more: () => `it is ${role.endpoint.state}`,
    });
    await until(`it tries again: ${what}`, () => role.attempts > 1);
    await pause(WATCHED_MS);
    if (role.endpoint.state === 'open') throw broken('it is open');
    if (role.attempts > MOST_TRIES) throw broken(`it was opened ${role.attempts} times`);
    const connections = (proxy?.accepted ?? 0) - before;
    if (connections > role.attempts * CONNECTIONS_A_TRY)
      throw broken(
        `it made ${connections} connections in ${role.attempts} tries: the client library has its own`,
      );
    for (const error of role.failures) {
      if (!(error instanceof AraldoError) || !says.test(error.message))
        throw broken(`expected an error that says ${String(says)}, found ${String(error)}`);
      if (secret !== undefined && `${inspect(error, { depth: 10 })} ${error.stack ?? ''}`.includes(secret))
        throw broken('its error holds the secret');
    }
    await role.stop();
    await pause(20);
  } finally {
    process.off('unhandledRejection', onStray);
    process.off('uncaughtException', onStray);
  }
  if (stray.length > 0) throw broken(`an error that nobody caught: ${String(stray[0])}`);
}
