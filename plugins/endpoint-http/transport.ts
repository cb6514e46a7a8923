/** The half that the options ask for, as an endpoint: one listens, the other sends. */

import type { PluginContext } from '../../src/core/plugin.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import type { HttpHost } from '../../src/http/host.ts';
import { createRequests } from '../../src/replies/requests.ts';
import { createExchanges, type Exchange } from './exchanges.ts';
import { createListener, type ListenerOptions } from './listener.ts';
import { createReplies } from './replies.ts';
import { createSender, type SenderSettings } from './sender.ts';

/** One of both. */
export interface Settings {
  readonly listener: ListenerOptions | undefined;
  readonly sender: SenderSettings | undefined;
}

export function createTransport(
  { listener: listening, sender: sending }: Settings,
  { name, instance, scheduler }: Pick<PluginContext, 'name' | 'instance' | 'scheduler'>,
  port: Port,
  http: () => HttpHost,
): Transport {
  if (sending !== undefined) return createSender(sending, scheduler, port);
  if (listening === undefined) return {};
  const { asks } = listening;
  const requests =
    asks && createRequests<Exchange>({ scheduler, ...asks, onTimeout: ({ way }) => way.onTimeout() });
  const exchanges = createExchanges(scheduler, asks === undefined ? listening.timeoutMs : undefined);
  const context = { name, instance, scheduler, exchanges, requests, http: http() };
  const listener = createListener(listening, context, port);
  return {
    ...(requests !== undefined && { ...createReplies(requests), requests }),
    open: () => listener.open(),
    settled: (lane, root, status) => listener.settled(lane, root, status),
    explained: (root, end, reason) => listener.explained(root, end, reason),
    drain: () => listener.drain(),
    close: () => listener.close(),
    peers: () => ({
      connected: listener.connected,
      lagging: 0,
      buffered: 0,
      lost: {},
      refused: listener.refused,
    }),
  };
}
