/** RPC: messages that say where to answer are requests, and each answer goes to the queue that its request said. */
import type { SchedulerLike } from 'rxjs';
import type { Message, Meta } from '../../src/core/message.ts';
import type { Sender } from '../../src/core/sink.ts';
import type { Source } from '../../src/core/source.ts';
import { createRequests, type Requests } from '../../src/replies/requests.ts';
import { matches } from './routing-key.ts';
import type { Asks, Outlet } from './settings.ts';

export interface Answering {
  readonly requests: Requests<string>;
  /** Where answers are published: through the default exchange, whose routing keys are names of queues. */
  readonly outlet: Outlet;
  /** The meta under which a request goes on; that of any other message stays as it is. */
  readonly asked: (meta: Meta) => Meta;
  /** The answer as its asker expects it; nothing where nobody waits for it, which the sender is told. */
  answer(message: Message, ticket: number, sender: Sender): Message | undefined;
}

/**
 * RabbitMQ keeps what does not come in: as long as too many requests wait, the gate is held. So the table has `max`
 * requests and those that were read already, which `prefetch` bounds.
 */
export function createAnswering(
  source: Source,
  { timeoutMs, max, correlation, replyTo }: Asks,
  { name, scheduler }: { readonly name: string; readonly scheduler: SchedulerLike },
): Answering {
  const holder = { name: `${name}: ${max} requests wait for answers` };
  const requests = createRequests<string>({
    scheduler,
    timeoutMs,
    max,
    correlation,
    onRoom: () => source.release(holder),
  });
  /** By answer, as long as somebody has that. */
  const queues = new WeakMap<Message, string>();

  return {
    requests,
    outlet: {
      exchange: '',
      exchangeType: undefined,
      routingKey: '',
      routingKeyFrom: (message) => queues.get(message),
      allowedKeys: replyTo,
      // Whoever asked may have gone, and with it the queue: that is nobody's fault.
      isMandatory: false,
      isPersistent: false,
      confirms: 'accepted',
    },
    asked(meta) {
      const { replyTo: queue, correlationId, ...others } = meta;
      if (queue === undefined || !replyTo.some((pattern) => matches(pattern, queue))) return meta;
      const id = requests.ask(queue, correlationId);
      if (requests.isFull) source.hold(holder);
      return { ...others, correlationId: id };
    },
    answer(message, ticket, sender) {
      const asked = requests.take(message, sender);
      if (typeof asked === 'string') {
        sender.dismiss(ticket, asked);
        return undefined;
      }
      const { correlationId: _ours, replyTo: _replyTo, ...meta } = message.meta;
      const own = asked.correlationId === undefined ? meta : { ...meta, correlationId: asked.correlationId };
      const answer = message.withMeta(own);
      queues.set(answer, asked.way);
      return answer;
    },
  };
}
