/** Which topics the filters of an endpoint are for, as far as it has seen them. */
import { type Filter, isWildcard, matcherOf } from './topic.ts';

/** So many topics are remembered; then it begins anew. */
const MOST_REMEMBERED = 4_096;

export interface TopicBook {
  /** Whether one of the filters is for it. */
  has(topic: string): boolean;
}

export function createTopicBook(filters: readonly Filter[]): TopicBook {
  const names = new Set(filters.map(({ topics }) => topics));
  const matchers = [...names].filter(isWildcard).map((filter) => matcherOf(filter));
  const remembered = new Map<string, boolean>();

  return {
    has(topic) {
      if (names.has(topic)) return true;
      const known = remembered.get(topic);
      if (known !== undefined) return known;
      const isOurs = matchers.some((matcher) => matcher.test(topic));
      if (remembered.size >= MOST_REMEMBERED) remembered.clear();
      remembered.set(topic, isOurs);
      return isOurs;
    },
  };
}
