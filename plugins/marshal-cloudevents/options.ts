/** The options of marshal-cloudevents. */
import { z } from 'zod';
import type { BigNumbers } from '../../src/formats/cursor.ts';
import type { HeaderStyle } from './headers.ts';

export interface CloudEventsOptions {
  readonly mode: 'structured' | 'binary';
  readonly headers: HeaderStyle;
  readonly source: string;
  readonly type: string;
  readonly bigNumbers: BigNumbers;
}

/** What any system carries in a header: no spaces, no controls. */
const uriReference = z.string().regex(/^[!-~]+$/, { error: 'expected a URI reference such as /orders' });

export const options: z.ZodType<CloudEventsOptions, object> = z
  .strictObject({
    mode: z
      .enum(['structured', 'binary'])
      .default('structured')
      .describe(
        'structured: the whole event is JSON. binary: the payload is the data, and the attributes are headers. What comes in as application/cloudevents+json is read as structured by both.',
      ),
    headers: z
      .enum(['http', 'kafka', 'amqp', 'mqtt'])
      .default('http')
      .describe(
        'With mode: binary, how attributes are written as headers: http (ce-id; also for NATS, JetStream and Redis Streams), kafka (ce_id), amqp (cloudEvents:id) or mqtt (id).',
      ),
    source: uriReference
      .default('/araldo')
      .describe('The attribute source of what did not come in as an event.'),
    type: z
      .string()
      .regex(/^[!-~]+$/, { error: 'expected a type such as com.example.order' })
      .default('araldo.message')
      .describe('The attribute type of what did not come in as an event.'),
    'big-numbers': z
      .enum(['refuse', 'string'])
      .default('refuse')
      .describe(
        'What becomes of numbers in JSON that would not leave as they came: the message is refused, or they become strings.',
      ),
  })
  .transform(({ 'big-numbers': bigNumbers, ...given }) => ({ ...given, bigNumbers }));
