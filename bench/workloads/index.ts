/** All workloads, in the order in which they run. */
import { broadcasts } from './broadcast.ts';
import { chat } from './chat.ts';
import { connecting } from './connecting.ts';
import { durablePairs } from './durable-pairs.ts';
import { engine } from './engine.ts';
import { growth } from './growth.ts';
import { idle } from './idle.ts';
import { json } from './json.ts';
import { peersToRedis } from './peers-to-redis.ts';
import { rates } from './rates.ts';
import { redisToPeers } from './redis-to-peers.ts';
import { rooms } from './rooms.ts';
import { slowPeers } from './slow-peers.ts';
import { startup } from './startup.ts';
import { steady } from './steady.ts';
import { tls } from './tls.ts';
import type { Workload } from './workload.ts';

export const workloads: readonly Workload[] = [
  ...broadcasts,
  json,
  tls,
  rates,
  chat,
  rooms,
  redisToPeers,
  peersToRedis,
  durablePairs,
  slowPeers,
  idle,
  connecting,
  startup,
  engine,
  growth,
  steady,
];
