/** Sends what a route sends back to the request that waits for it, and to no other. */
import { outgoingWire } from '../../src/core/outgoing.ts';
import type { SinkTransport } from '../../src/core/sink.ts';
import type { Requests } from '../../src/replies/requests.ts';
import { answerBytes } from './answer.ts';
import type { Exchange } from './exchanges.ts';
import { encodeText } from './headers.ts';

/** An answer is discarded as `late` when its sender has gone or was told 504, and as `no-request` when nobody asked. */
export function createReplies(requests: Requests<Exchange>): SinkTransport {
  return {
    isWritable: () => true,
    write(message, ticket, sender) {
      const wire = outgoingWire(message);
      const asked = requests.take(message, sender);
      const reason = typeof asked === 'string' ? asked : 'late';
      if (typeof asked === 'string' || asked.way.response.writableEnded) {
        sender.dismiss(ticket, reason);
        return false;
      }
      const { contentType } = message.meta;
      const kind = wire.isText === true ? 'text/plain; charset=utf-8' : 'application/octet-stream';
      const { response } = asked.way;
      asked.way.onAnswered();
      let isOver = false;
      const over = (isSent: boolean): void => {
        if (isOver) return;
        isOver = true;
        if (isSent) sender.confirm(ticket);
        else sender.dismiss(ticket, 'late');
      };
      response.once('finish', () => over(true));
      response.once('close', () => over(false));
      answerBytes(response, 200, wire.bytes, {
        'content-type': contentType ?? kind,
        ...(asked.correlationId !== undefined && { 'correlation-id': encodeText(asked.correlationId) }),
      });
      return false;
    },
  };
}
