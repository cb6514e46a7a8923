import { expect, it } from 'vitest';
import { culpritOf } from '../../../plugins/endpoint-amqp/culprit.ts';

/** An error as amqplib makes it of `channel.close`. */
function closed(code: number, said: string, classId = 60, methodId = 40): Error {
  const name = code === 406 ? 'PRECONDITION-FAILED' : 'ACCESS-REFUSED';
  const message = `Channel closed by server: ${code} (${name}) with message "${said}"`;
  return Object.assign(new Error(message), { code, classId, methodId });
}

it('endpoint-amqp › culprit › is whatever is larger than RabbitMQ says it takes', () => {
  const said = 'PRECONDITION_FAILED - message size 9 is larger than configured max size 8';
  const culprit = culpritOf(closed(406, said), 'queue a');
  expect(culprit).toMatchObject({ mostBytes: 8, error: { code: 'payload-too-large' } });
  expect([8, 9, 10].map((size) => culprit?.has?.({ routingKey: '', size }))).toEqual([false, true, true]);
});

it.each(['exchange', 'exchange exchange'])(
  'endpoint-amqp › culprit › is whatever has the routing key that is named, whatever that holds: %s',
  (words) => {
    const key = "a' in exchange 'b";
    const said = `ACCESS_REFUSED - write access to topic '${key}' in ${words} 'e' in vhost '/' refused for user 'u'`;
    const culprit = culpritOf(closed(403, said), 'exchange e');
    expect(culprit).toMatchObject({ routingKey: key, error: { code: 'sink-rejected' } });
    expect(['a', key].map((routingKey) => culprit?.has?.({ routingKey, size: 1 }))).toEqual([false, true]);
  },
);

it('endpoint-amqp › culprit › is not told where RabbitMQ does not say which it was', () => {
  const culprit = culpritOf(
    closed(406, 'PRECONDITION_FAILED - fast reply consumer does not exist'),
    'queue a',
  );
  expect(culprit?.has).toBeUndefined();
  expect(culprit?.error.message).toContain('fast reply consumer does not exist');
});

it.each([
  ['an exchange', closed(403, "ACCESS_REFUSED - access to exchange 'e' in vhost '/' refused for user 'u'")],
  ['something else that was asked', closed(406, 'PRECONDITION_FAILED - inequivalent arg', 50, 10)],
  ['a connection', new Error('read ECONNRESET')],
])('endpoint-amqp › culprit › is no message where %s is refused', (_what, error) => {
  expect(culpritOf(error, 'exchange e')).toBeUndefined();
});
