/** The headers that carry what AMQP has no property for, or no room in one; and those that are RabbitMQ's own. */

export const carried = {
  id: 'araldo-id',
  key: 'araldo-key',
  timestamp: 'araldo-timestamp',
  contentType: 'content-type',
  contentEncoding: 'content-encoding',
  correlationId: 'correlation-id',
  replyTo: 'reply-to',
  /** How often a quorum queue has given a message out before. */
  deliveryCount: 'x-delivery-count',
} as const;

/** Never headers of a message: read into meta, written from meta. */
export const ownNames: ReadonlySet<string> = new Set<string>([
  carried.id,
  carried.key,
  carried.timestamp,
  carried.deliveryCount,
]);

/**
 * Never written either. RabbitMQ reads CC and BCC as addresses of further queues, and no address comes from a message;
 * x-death is its own account of what happened to a message in other queues.
 */
export const unwritable: ReadonlySet<string> = new Set<string>([...ownNames, 'CC', 'BCC', 'x-death']);
