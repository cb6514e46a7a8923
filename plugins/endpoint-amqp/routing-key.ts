/** Patterns of routing keys, as topic exchanges have them: words between dots, `*` for one, `#` for any number. */

/**
 * Whether a routing key is one of a pattern.
 *
 * @example
 * matches('orders.*.created', 'orders.eu.created') // true
 */
export function matches(pattern: string, key: string): boolean {
  const wanted = pattern.split('.');
  // RabbitMQ has no words in an empty key.
  const words = key === '' ? [] : key.split('.');
  let at = 0;
  let word = 0;
  // Where to go on when the last # has to take one more word: no other choice is ever taken back.
  let afterHash = -1;
  let taken = 0;
  while (word < words.length) {
    if (wanted[at] === '#') {
      at += 1;
      afterHash = at;
      taken = word;
    } else if (at < wanted.length && (wanted[at] === '*' || wanted[at] === words[word])) {
      at += 1;
      word += 1;
    } else if (afterHash >= 0) {
      taken += 1;
      word = taken;
      at = afterHash;
    } else return false;
  }
  while (wanted[at] === '#') at += 1;
  return at === wanted.length || (words.length === 0 && pattern === '');
}
