import { describe } from 'vitest';
import { httpWorld } from './support/http-world.ts';
import { playBattery } from './support/play-battery.ts';
import { sseWorld } from './support/sse-world.ts';

describe('the battery', () => {
  playBattery('endpoint-http', { start: httpWorld });
  playBattery('endpoint-sse', { start: sseWorld });
});
