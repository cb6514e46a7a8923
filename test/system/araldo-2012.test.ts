import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { MockEndpoint } from '../../plugins/endpoint-mock/index.ts';
import { serve, until } from './support/server.ts';

const original = fileURLToPath(new URL('../config/araldo-2012.yaml', import.meta.url));

test('the sample configuration of 2012 runs unchanged: mock_1 reaches redis_2 and redis_3, each once, in order', async () => {
  await using araldo = await serve(original);
  expect(araldo.port).toBe(54_321);
  const numbers = Array.from({ length: 100 }, (_, number) => number);
  const mock = araldo.server.endpoint<MockEndpoint>('mock_1');
  for (const number of numbers) mock.emit(number);
  for (const name of ['redis_2', 'redis_3']) {
    const endpoint = araldo.server.endpoint<MockEndpoint>(name);
    await until(`${name} has all`, () => endpoint.sent.length >= numbers.length);
    expect(endpoint.sent.map(({ payload }) => payload)).toEqual(numbers);
  }
});
