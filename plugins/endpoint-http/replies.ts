/** Sends what a route sends back to the request that waits for it. */

import { outgoingWire } from '../../src/core/outgoing.ts';
import type { SinkTransport } from '../../src/core/sink.ts';
import { answerBytes } from './answer.ts';
import type { Exchanges } from './exchanges.ts';

/** An answer without a request that waits is discarded as `no-peer`: its sender has gone, or was told 504. */
export function createReplies(exchanges: Exchanges): SinkTransport {
  return {
    isWritable: () => true,
    write(message, ticket, sender) {
      const { peer, correlationId, contentType } = message.meta;
      const exchange = exchanges.find(peer, correlationId);
      if (exchange === undefined) {
        sender.dismiss(ticket, 'no-peer');
        return false;
      }
      const wire = outgoingWire(message);
      exchanges.end(exchange);
      const kind = wire.isText === true ? 'text/plain; charset=utf-8' : 'application/octet-stream';
      const { response } = exchange;
      let isOver = false;
      const over = (isSent: boolean): void => {
        if (isOver) return;
        isOver = true;
        if (isSent) sender.confirm(ticket);
        else sender.dismiss(ticket, 'no-peer');
      };
      response.once('finish', () => over(true));
      response.once('close', () => over(false));
      answerBytes(response, 200, wire.bytes, { 'content-type': contentType ?? kind });
      return false;
    },
  };
}
