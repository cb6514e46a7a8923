/** A step that is a plain function of a message. */
import type { OperatorFunction, Subscriber } from 'rxjs';
import { AraldoError } from './errors.ts';
import { Message } from './message.ts';
import { stage } from './stage.ts';

/** Calls `run` for each message; what it throws costs that message alone. */
export function fnStep(name: string, run: (message: Message) => unknown): OperatorFunction<Message, Message> {
  return stage((target) => (message) => {
    let result: unknown;
    try {
      result = run(message);
    } catch (thrown) {
      failStep(name, message, thrown);
      return;
    }
    emitResult(name, message, result, target);
  });
}

/** Turns what a step returned into the messages that follow, with the obligations that each has. */
export function emitResult(
  name: string,
  message: Message,
  result: unknown,
  subscriber: Subscriber<Message>,
): void {
  if (result === undefined) {
    const found = 'expected a payload, null or a list, found undefined (a forgotten return?)';
    failStep(name, message, new AraldoError('step-failed', found));
  } else if (result === null) {
    message.discard('filtered');
  } else if (Array.isArray(result)) {
    emitParts(message, result, subscriber);
  } else if (result instanceof Message) {
    subscriber.next(result);
  } else {
    subscriber.next(message.with(result));
  }
}

export function failStep(name: string, message: Message, thrown: unknown): void {
  const cause = AraldoError.from(thrown, 'step-failed');
  const error = new AraldoError(cause.code, `step ${name}: ${cause.message}`, { cause: thrown });
  message.fail(error, { at: name });
}

/** Several messages in the place of one: their ids are that of the one, with `/0`, `/1` and so on. */
export function emitParts(
  message: Message,
  parts: readonly unknown[],
  subscriber: Subscriber<Message>,
): void {
  if (parts.length === 0) {
    message.discard('empty');
    return;
  }
  // All obligations exist before the first part can discharge one.
  message.retain(parts.length - 1);
  message.route?.made(parts.length - 1);
  const { id, meta } = message;
  for (let place = 0; place < parts.length; place += 1) {
    const part = message.with(parts[place], { ...meta, id: `${id}/${place}` });
    // Whoever leaves within the first part gets no further ones.
    if (subscriber.closed) part.giveBack('step-ended');
    else subscriber.next(part);
  }
}
