// Plays the battery as tests: small where `npm test` runs it, in full where a run is deep.

import { test } from 'vitest';
import { type EndpointUnderBattery, endpointBattery } from '../../../src/testing/index.ts';
import { isDeep } from './kill-loop.ts';

export interface PlayOptions {
  /** Cases for a deep run alone, by a part of their names. */
  readonly deep?: RegExp;
  /** Those that are played at all. */
  readonly only?: (name: string) => boolean;
}

export function playBattery(
  name: string,
  under: EndpointUnderBattery,
  { deep, only = () => true }: PlayOptions = {},
): void {
  const sizes = isDeep ? {} : { messages: 60, kills: 1 };
  for (const one of endpointBattery(name, { ...sizes, ...under })) {
    if (!only(one.name)) continue;
    test.skipIf(!isDeep && deep?.test(one.name) === true)(one.name, async (context) => {
      const outcome = await one.check();
      if (outcome !== undefined) context.skip(outcome.skipped);
    });
  }
}
