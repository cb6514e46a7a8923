import { afterAll, beforeAll } from 'vitest';
import { type NatsServer, startNats } from '../servers/nats.ts';
import { describeWith } from '../servers/requires.ts';
import { natsWorld } from './support/nats-world.ts';
import { playBattery } from './support/play-battery.ts';

describeWith(['nats-server'], 'the battery', () => {
  let nats: NatsServer;
  let places = 0;
  beforeAll(async () => {
    nats = await startNats({
      config:
        'no_auth_user: open\naccounts { A { users: [ { user: open, password: open }, { user: admin, password: "right-password" } ] } }',
    });
  });
  afterAll(() => nats?.stop());

  playBattery('endpoint-nats', { start: () => natsWorld(nats, `p${(places += 1)}`) });
});
