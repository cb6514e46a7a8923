// Thermometers send readings. Browsers get the average of each room; who is on duty hears of each room that is hot.
import { type Message, type RoutePort, startServer } from 'araldo';
import {
  claim,
  dedupe,
  filter,
  jsonSchema,
  map,
  sinkOf,
  unmarshal,
  validate,
  window,
} from 'araldo/operators';

interface Reading {
  readonly room: string;
  readonly celsius: number;
}

const everyMs = Number(process.env['EVERY_MS'] ?? 10_000);
const HOT = 30;
const QUIET_MS = 300_000;

const server = await startServer({
  'server-port': Number(process.env['PORT'] ?? 8080),
  plugins: [
    { name: 'json', id: 'marshal-json' },
    // At most so many readings are unsettled; then the sockets of the thermometers are not read on.
    { name: 'readings', id: 'endpoint-websocket', path: '/readings', 'max-in-flight': 10_000 },
    { name: 'rooms', id: 'endpoint-websocket', path: '/rooms' },
    { name: 'alarms', id: 'endpoint-websocket', path: '/alarms' },
  ],
});

const isReading = await jsonSchema({
  type: 'object',
  required: ['room', 'celsius'],
  properties: { room: { type: 'string', maxLength: 100 }, celsius: { type: 'number' } },
});
const reading = (message: Message) => message.payload as Reading;
const room = (message: Message) => reading(message).room;

/** What becomes of a message that cannot be processed, in the place of `on-error` in YAML. */
const route = (name: string): RoutePort => ({
  name,
  claimed: () => undefined,
  discarded: () => undefined,
  made: () => undefined,
  failed(message, error) {
    console.error(`${name}: ${error.message}`);
    message.reject();
  },
});

// Both begin with a claim of their own: a reading is settled at its source when both are done with it.
const readings = (name: string) =>
  server
    .endpoint('readings')
    .pipe(claim(route(name)), unmarshal(server.marshaller('json')), validate(isReading));

readings('averages')
  .pipe(
    window({ ms: everyMs, key: room, of: (message) => reading(message).celsius, with: mean }),
    map(({ payload, meta }) => ({ room: meta.key, celsius: payload })),
  )
  // A browser that is slow misses what is old: of each room it gets the newest average.
  .subscribe(sinkOf(server.endpoint('rooms'), { overflow: 'latest' }));

readings('alarms')
  .pipe(
    filter((message) => reading(message).celsius >= HOT),
    dedupe({ key: room, ms: QUIET_MS }),
    map((message) => ({ alarm: `${room(message)} has ${reading(message).celsius} °C` })),
  )
  // No alarm is lost to a slow one: a full buffer holds the thermometers.
  .subscribe(sinkOf(server.endpoint('alarms'), { overflow: 'pause', capacity: { messages: 100 } }));

console.log(`listening on ${server.address.url}`);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void server.stop());

function mean(numbers: readonly number[]): number {
  return Math.round((numbers.reduce((sum, one) => sum + one, 0) / numbers.length) * 10) / 10;
}
