// The far side of a sink: takes what it has room for, confirms when it likes, refuses some, gets lost.

import type { SchedulerLike } from 'rxjs';
import type { Message } from '../../src/core/message.ts';
import type { Sender } from '../../src/core/sink.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import type { Engine } from './engine.ts';
import { numberOf, type Reader } from './payload.ts';
import type { SinkSpec } from './topology.ts';

/** How long a sink takes that confirms later. */
const CONFIRM_MS = 2;

/** What is told about a leg, by the leg's name. */
export interface SinkWitness {
  written(leg: string, payload: string): void;
  confirmed(leg: string, payload: string): void;
  /** A refusal is about to reach the leg. */
  refusing(leg: string, payload: string): void;
  lost(): void;
  /** It gives a message on to the source that it feeds. */
  feeds(source: number, hops: number): void;
}

export interface ScriptedSink {
  transport(port: Port): Transport;
  stall(): void;
  flow(): void;
  /** From now on it has room for all, and confirms at once. */
  takeAll(): void;
  lose(): void;
  isLost(): boolean;
  reopened(): void;
  confirm(which: 'oldest' | 'newest' | 'through', count: number): void;
  refuse(): void;
  /** Confirms what was written before it was lost: such a confirmation is stale. */
  confirmLate(): void;
}

interface Pending {
  readonly sender: Sender;
  readonly ticket: number;
  readonly payload: string;
}

export function createScriptedSink(
  spec: SinkSpec,
  engine: Engine,
  read: Reader,
  scheduler: SchedulerLike,
  witness: SinkWitness,
): ScriptedSink {
  let pending: Pending[] = [];
  let stale: Pending[] = [];
  let isStalled = false;
  let takesAll = false;
  let isLost = false;
  let port: Port;
  /** How often it has refused what a leg sent, by leg and payload. */
  const refusals = new Map<string, number>();

  const refuses = (leg: string, payload: string): boolean => {
    const { refusesEvery, refusesTimes } = spec;
    const number = numberOf(read(payload));
    if (refusesEvery === 0 || number % refusesEvery !== Math.min(1, refusesEvery - 1)) return false;
    const count = (refusals.get(`${leg} ${payload}`) ?? 0) + 1;
    refusals.set(`${leg} ${payload}`, count);
    return count <= refusesTimes;
  };

  const isWritable = (): boolean => takesAll || (!isStalled && pending.length < spec.room);

  /** Does something that may make room, and says so. */
  const freeing = (work: () => void): void => {
    const was = isWritable();
    work();
    if (!was && isWritable()) port.writable();
  };

  const take = (item: Pending | undefined, settle: (item: Pending) => void): void => {
    if (item === undefined || !pending.includes(item)) return;
    freeing(() => {
      pending.splice(pending.indexOf(item), 1);
      settle(item);
    });
  };

  const confirm = ({ sender, ticket, payload }: Pending): void => {
    witness.confirmed(sender.name, payload);
    sender.confirm(ticket);
  };

  const refuse = ({ sender, ticket, payload }: Pending): void => {
    witness.refusing(sender.name, payload);
    sender.fail(ticket, new engine.AraldoError('sink-rejected', 'refused later'));
  };

  return {
    transport(given) {
      port = given;
      return {
        isWritable,
        write(message: Message, ticket, sender) {
          const payload = message.payload as string;
          witness.written(sender.name, payload);
          if (refuses(sender.name, payload)) {
            witness.refusing(sender.name, payload);
            throw new engine.AraldoError('sink-rejected', 'refused at once');
          }
          if (spec.feeds >= 0) witness.feeds(spec.feeds, message.meta.hops ?? 0);
          if (takesAll || spec.confirms === 'at-once') {
            witness.confirmed(sender.name, payload);
            return true;
          }
          const item = { sender, ticket, payload };
          pending.push(item);
          if (spec.confirms === 'later') scheduler.schedule(() => take(item, confirm), CONFIRM_MS);
          return false;
        },
      };
    },

    stall() {
      isStalled = true;
    },

    flow() {
      freeing(() => {
        isStalled = false;
      });
    },

    takeAll() {
      freeing(() => {
        takesAll = true;
      });
      while (pending.length > 0) take(pending[0], confirm);
    },

    lose() {
      if (isLost) return;
      isLost = true;
      stale = pending;
      pending = [];
      witness.lost();
      port.broken(new engine.AraldoError('connection-lost', 'lost on purpose'));
    },

    isLost: () => isLost,

    reopened() {
      isLost = false;
    },

    confirm(which, count) {
      if (which !== 'through') {
        for (let left = count; left > 0; left -= 1) take(pending.at(which === 'oldest' ? 0 : -1), confirm);
        return;
      }
      const last = pending.slice(0, count).at(-1);
      if (last === undefined) return;
      const { sender, ticket } = last;
      const through = pending.filter((item) => item.sender === sender && item.ticket <= ticket);
      freeing(() => {
        pending = pending.filter((item) => !through.includes(item));
        for (const { payload } of through) witness.confirmed(sender.name, payload);
        sender.confirmThrough(ticket);
      });
    },

    refuse() {
      take(pending[0], refuse);
    },

    confirmLate() {
      for (const { sender, ticket } of stale) sender.confirm(ticket);
      stale = [];
    },
  };
}
