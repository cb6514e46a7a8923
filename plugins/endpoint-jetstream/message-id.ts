/** The id under which a stream takes a message once: the same for the same message, also after a restart. */
import type { Message } from '../../src/core/message.ts';
import type { Sender } from '../../src/core/sink.ts';

/**
 * It names the leg too: two routes may each send a message of one source. Legs of one name would take each other's
 * messages for their own, so from the second one on messages of that name have no id.
 */
export function createMessageIds(): (message: Message, sender: Sender) => string | undefined {
  /** As many as there are legs to one endpoint. */
  const owners = new Map<string, Sender | 'several'>();

  return (message, sender) => {
    const { name } = sender;
    const owner = owners.get(name);
    if (owner === undefined) owners.set(name, sender);
    else if (owner !== sender) {
      owners.set(name, 'several');
      return undefined;
    }
    const { id, endpoint = '' } = message.meta;
    // Without a position in its source the id of a message begins with the address, which is of this run alone.
    const own = id === undefined ? message.id : `${endpoint} ${id}`;
    return `${name} ${own}`.replace(/[\r\n]/g, ' ');
  };
}
