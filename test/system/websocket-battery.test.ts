import { describe } from 'vitest';
import { playBattery } from './support/play-battery.ts';
import { websocketClientWorld, websocketServerWorld } from './support/websocket-worlds.ts';

describe('the battery', () => {
  playBattery('endpoint-websocket', { start: websocketServerWorld });
  playBattery('endpoint-websocket-client', { start: websocketClientWorld });
});
