/** The process of the generator, alone on its core: does what its parent asks, and ends with it. */
import { measureConnecting } from './connecting.ts';
import type { ConnectOptions, MeasureOptions, Request, Response, Scenario } from './scenario.ts';
import { openSession, type Session } from './session.ts';

let session: Session | undefined;

const calls = {
  async open(scenario: Scenario): Promise<null> {
    session = await openSession(scenario);
    return null;
  },
  measure(options: MeasureOptions): Promise<unknown> {
    if (session === undefined) throw new Error('expected an open session');
    return session.measure(options);
  },
  async close(): Promise<null> {
    session?.close();
    session = undefined;
    return null;
  },
  connect: (options: ConnectOptions): Promise<unknown> => measureConnecting(options),
};

process.on('message', ({ id, call, argument }: Request) => {
  const answer = (response: Omit<Response, 'id'>): void => {
    process.send?.({ id, ...response });
  };
  Promise.resolve()
    .then(() => calls[call](argument as never))
    .then(
      (result) => answer({ result }),
      (error: Error) => answer({ error: error.message }),
    );
});
process.on('disconnect', () => process.exit());
// A Ctrl-C in the terminal is for the parent, which ends this process.
process.on('SIGINT', () => undefined);
