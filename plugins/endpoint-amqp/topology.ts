/** Makes what an endpoint reads from and publishes to, or sees that it is there: each time that it opens. */
import type { Channel } from 'amqplib/callback_api';
import type { Connection } from './connection.ts';
import type { Queue, Settings } from './settings.ts';

/** Rejects with an `AraldoError` that names what RabbitMQ refused. */
export async function prepareSource(
  connection: Connection,
  channel: Channel,
  queue: Queue,
  settings: Settings,
): Promise<void> {
  await prepareQueue(connection, channel, queue, settings);
  for (const { exchange, exchangeType, routingKey, headers } of settings.declares ? queue.bindings : []) {
    if (exchangeType !== undefined) await declareExchange(connection, channel, exchange, exchangeType);
    await connection.ask(`to bind queue ${queue.name} to exchange ${exchange}`, (done) =>
      channel.bindQueue(queue.name, exchange, routingKey, headers, done),
    );
  }
}

/** The same for what it publishes to. */
export async function prepareOutlet(
  connection: Connection,
  channel: Channel,
  settings: Settings,
): Promise<void> {
  const { outlet, outletQueue, declares } = settings;
  if (outletQueue !== undefined) await prepareQueue(connection, channel, outletQueue, settings);
  if (outlet === undefined || outlet.exchange === '') return;
  const { exchange, exchangeType } = outlet;
  if (exchangeType !== undefined && declares) {
    await declareExchange(connection, channel, exchange, exchangeType);
  } else {
    await connection.ask(`to look up exchange ${exchange}`, (done) => channel.checkExchange(exchange, done));
  }
}

async function prepareQueue(
  connection: Pick<Connection, 'ask'>,
  channel: Channel,
  queue: Queue,
  { declares }: Settings,
): Promise<void> {
  if (declares) {
    await connection.ask(`to declare queue ${queue.name}`, (done) =>
      channel.assertQueue(queue.name, { durable: true, arguments: queue.arguments }, done),
    );
  } else {
    await connection.ask(`to look up queue ${queue.name}`, (done) => channel.checkQueue(queue.name, done));
  }
}

async function declareExchange(
  connection: Pick<Connection, 'ask'>,
  channel: Channel,
  exchange: string,
  type: string,
): Promise<void> {
  await connection.ask(`to declare exchange ${exchange}`, (done) =>
    channel.assertExchange(exchange, type, { durable: true }, done),
  );
}
