import { describe, expect, it } from 'vitest';
import { matcherOf } from '../../../plugins/endpoint-mqtt/topic.ts';
import { createTopicBook } from '../../../plugins/endpoint-mqtt/topic-book.ts';

describe('endpoint-mqtt › topic filters', () => {
  // As section 4.7 of the standard has it.
  it.each([
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
    ['sport/#', 'sport', true],
    ['#', 'any/thing', true],
    ['#', '$SYS/broker', false],
    ['+/broker', '$SYS/broker', false],
    ['$SYS/#', '$SYS/broker', true],
    ['sport/tennis/+', 'sport/tennis/player1', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['+/+', '/finance', true],
    ['/+', '/finance', true],
    ['+', '/finance', false],
    ['a.c', 'abc', false],
    ['+/(x', 'y/(x', true],
  ])('%s is for %s: %s', (filter, topic, expected) => {
    expect(matcherOf(filter).test(topic)).toBe(expected);
    const filters = [{ text: filter, topics: filter, isShared: false }];
    expect(createTopicBook(filters).has(topic)).toBe(expected);
  });

  it('remember a bounded number of topics, and are right about all', () => {
    const book = createTopicBook([{ text: 'a/+', topics: 'a/+', isShared: false }]);
    for (let n = 0; n < 10_000; n += 1) {
      expect(book.has(`a/${n}`) && !book.has(`b/${n}`)).toBe(true);
    }
  });
});
