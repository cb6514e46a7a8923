/** The topic of a message as an expression gives it, if it is one of those that the configuration allows. */
import { AraldoError } from '../../src/core/errors.ts';
import type { Message } from '../../src/core/message.ts';
import { problemOfTopic, readFilter } from './topic.ts';
import { createTopicBook } from './topic-book.ts';

/**
 * What gives a message its topic; it throws an `AraldoError` (`sink-rejected`) for one that is not allowed.
 *
 * @param allowed filters, as they are written
 */
export function topicByExpression(
  topicFrom: (message: Message) => unknown,
  allowed: readonly string[],
): (message: Message) => string {
  const book = createTopicBook(
    allowed.map((text) => readFilter(text)).filter((filter) => typeof filter !== 'string'),
  );
  return (message) => {
    const topic = topicFrom(message);
    if (typeof topic !== 'string') {
      throw new AraldoError('sink-rejected', `topic-from: expected text, found ${typeof topic}`);
    }
    const problem = problemOfTopic(topic);
    if (problem === undefined && book.has(topic)) return topic;
    const shown = JSON.stringify(topic.slice(0, 200));
    throw new AraldoError(
      'sink-rejected',
      `topic-from: ${problem ?? `expected one of topics (${allowed.join(', ')})`}, found ${shown}`,
    );
  };
}
