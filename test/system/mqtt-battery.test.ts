import { afterAll, beforeAll } from 'vitest';
import { type MosquittoServer, startMosquitto } from '../servers/mosquitto.ts';
import { describeWith } from '../servers/requires.ts';
import { isDeep } from './support/kill-loop.ts';
import { mqttWorld } from './support/mqtt-world.ts';
import { playBattery } from './support/play-battery.ts';

const isKill = (name: string): boolean => name.includes('server was killed');
const isHalfOpen = (name: string): boolean => name.includes('half-open');

/** Two brokers: one that writes all it has to disk with each change is slow, and only needed where it is killed. */
describeWith(['mosquitto', 'mosquitto-clients'], 'endpoint-mqtt', () => {
  const brokers: { durable?: MosquittoServer; quick?: MosquittoServer } = {};
  let places = 0;
  beforeAll(async () => {
    const access = { users: { admin: 'right-password' } };
    const anonymous = { allow_anonymous: 'true' };
    brokers.durable = await startMosquitto({ ...access, config: anonymous });
    brokers.quick = await startMosquitto({
      ...access,
      config: { ...anonymous, autosave_on_changes: 'false', autosave_interval: '600' },
    });
  });
  afterAll(() => Promise.all([brokers.durable?.stop(), brokers.quick?.stop()]));

  const start = (which: keyof typeof brokers) => () =>
    mqttWorld(brokers[which] as MosquittoServer, `b${(places += 1)}`);
  const others = (name: string): boolean => !isKill(name) && !isHalfOpen(name);
  playBattery('endpoint-mqtt', { start: start('quick') }, { only: others });
  // mosquitto sends more than the window, and beyond that nothing is read, no pong either.
  const wide = async () => ({ ...(await start('quick')()), window: 10_000 });
  playBattery('endpoint-mqtt', { start: wide }, { only: isHalfOpen });
  playBattery('endpoint-mqtt', { start: start('durable'), messages: isDeep ? 40 : 15 }, { only: isKill });
});
