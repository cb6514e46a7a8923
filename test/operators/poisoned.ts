import type { Message } from '../../src/core/message.ts';

/** The key of a message; throws for the one that an operator is to get over. */
export function poisonedKey({ payload, meta }: Message): unknown {
  if (payload === 'poison') throw new Error('poison');
  return meta.key;
}
