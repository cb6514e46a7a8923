/** What a test is given, done to a relay. */
import type { Configuration, GivenPart } from '../../config/configuration.ts';
import type { SendPlan } from '../../config/test-plan.ts';
import { Message } from '../../core/message.ts';
import type { Received } from '../modelled-sink.ts';
import type { VirtualRelay } from '../relay.ts';

/** Rejects with what the relay throws, such as an `AraldoError` for a payload that has no form in bytes. */
export async function perform(relay: VirtualRelay, { plan, when }: GivenPart): Promise<void> {
  switch (plan.do) {
    case 'send':
      return send(relay, plan);
    case 'wait':
      return relay.advance(plan.ms);
    case 'stall':
      return relay.sink(plan.sink).stall();
    case 'resume':
      return relay.sink(plan.sink).resume();
    case 'slow':
      return relay.sink(plan.sink).latency(plan.ms);
    case 'refuse':
      if (when === undefined) return relay.sink(plan.sink).failNext(plan.times);
      return relay.sink(plan.sink).reject((received) => when(messageOf(received)));
    case 'refuse-once':
      return relay.sink(plan.sink).nack();
    case 'down':
      return relay.down(plan.endpoint);
    case 'up':
      return relay.up(plan.endpoint);
    case 'hold':
      return relay.source(plan.source).hold();
    case 'release':
      return relay.source(plan.source).release();
    case 'throw':
      return relay.poison(stepNamed(relay.configuration, plan.step));
    case 'restart':
      return relay.restart();
    default:
      return plan satisfies never;
  }
}

function send(relay: VirtualRelay, { from, content, meta, times, throwsIn }: SendPlan): void {
  const payload = travelling(relay.configuration, from, content);
  for (let count = 0; count < times; count += 1) {
    if (throwsIn !== undefined) relay.poison(stepNamed(relay.configuration, throwsIn), relay.sent.length);
    relay.send(from, payload, meta);
  }
}

/** Text that a marshaller is to read comes as its bytes; elsewhere it is the payload. */
export function travelling(
  { endpoints }: Configuration,
  from: string,
  content: SendPlan['content'],
): unknown {
  if ('payload' in content) return content.payload;
  if ('base64' in content) return Buffer.from(content.base64, 'base64');
  const part = endpoints.get(from);
  const isRead = part?.capabilities.source?.carries === 'bytes' && part.plan.marshal !== 'none';
  return isRead ? Buffer.from(content.text) : content.text;
}

/** As the runtime names it: `orders.via[0]` is `orders.via[0] filter`. */
export function stepNamed({ routes }: Configuration, step: string): string {
  const [, route = '', index = ''] = /^(.+)\.via\[(\d+)\]$/s.exec(step) ?? [];
  const use = routes.get(route)?.steps[Number(index)]?.plan.use;
  return `${step} ${use}`;
}

/** What a condition sees of what a sink has received. */
export function messageOf({ payload, meta, id }: Received): Message {
  return Message.of(payload, { ...meta, id });
}
