// Small breaks of the engine, and the law that each must be caught by: a law that was never seen to fail proves nothing.

export interface Mutant {
  /** The law that it breaks. It may break others as well. */
  readonly law: number;
  /** What is broken, in a few words: README's table says the same. */
  readonly name: string;
  /** In src/core. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

export const mutants: readonly Mutant[] = [
  {
    law: 1,
    name: 'what a policy drops is not counted',
    file: 'leg.ts',
    find: 'onDrop: (_message, reason) => this.countDiscarded(reason)',
    replace: 'onDrop: () => undefined',
  },
  {
    law: 1,
    name: 'a message whose step timed out is nacked uncounted',
    file: 'step-async.ts',
    find: "task.message.giveBack('step-timeout')",
    replace: 'task.message.nack()',
  },
  {
    law: 2,
    name: 'a full pause leg refuses, as if it might lose messages',
    file: 'backlog.ts',
    find: "if (overflow === 'drop-newest' || overflow === 'error') {",
    replace: "if (overflow === 'drop-newest' || overflow === 'error' || overflow === 'pause') {",
  },
  {
    law: 2,
    name: 'what a lost sink had not confirmed is forgotten',
    file: 'leg.ts',
    find: 'if (message !== CONFIRMED) this.backlog.putBack(message);',
    replace: 'if (message !== CONFIRMED) message.ack();',
  },
  {
    law: 3,
    name: 'what a lost sink gives back goes to the end of the line',
    file: 'backlog.ts',
    find: 'this.waiting.unshift(entry);',
    replace: 'this.waiting.push(entry);',
  },
  {
    law: 3,
    name: 'a leg sends at once though others wait',
    file: 'leg.ts',
    find: 'if (this.backlog.length === 0 && this.canSend',
    replace: 'if (this.canSend',
  },
  {
    law: 3,
    name: 'async results leave as soon as they are there',
    file: 'step-async.ts',
    find: 'task.result = result;\n        close(task, false);\n        advance();',
    replace:
      'close(task, true);\n        emitResult(name, task.message, result, subscriber);\n        advance();',
  },
  {
    law: 4,
    name: 'an emission that re-enters overtakes the one that led to it',
    file: 'fan-out.ts',
    find: 'if (this.isOffering) {',
    replace: 'if (this.isOffering && this.pending.length < 0) {',
  },
  {
    law: 5,
    name: 'a source emits though its gate is shut',
    file: 'source.ts',
    find: 'this.gate.isOpen &&\n      !this.isPumping',
    replace: '!this.isPumping',
  },
  {
    law: 5,
    name: 'a lane that hands over into a shut gate is not paused',
    file: 'source.ts',
    find: 'if (!this.gate.isOpen || lane.isOverShare) this.pause(lane);',
    replace: 'if (lane.isOverShare) this.pause(lane);',
  },
  {
    law: 5,
    name: 'what is delivered again passes a held gate',
    file: 'source.ts',
    find: 'budget > 0 && !this.gate.isHeld; )',
    replace: 'budget > 0; )',
  },
  {
    law: 6,
    name: 'the window is full one message late',
    file: 'gate.ts',
    find: 'this.used >= this.window',
    replace: 'this.used > this.window',
  },
  {
    law: 6,
    name: 'the window of a cumulative source counts messages, not the span',
    file: 'source.ts',
    find: 'this.gate.leave(lane.floor === undefined ? 1 : lane.floor.settle(root.sequence));',
    replace: 'lane.floor?.settle(root.sequence);\n    this.gate.leave(1);',
  },
  {
    law: 7,
    name: 'a full pause leg holds nobody',
    file: 'leg.ts',
    find: 'else if (this.waits && this.backlog.isFull) this.hold(message.origin.valve);',
    replace: '',
  },
  {
    law: 7,
    name: 'drop-oldest keeps one too many',
    file: 'backlog.ts',
    find: 'return this.waiting.length > messages || (this.size',
    replace: 'return this.waiting.length > messages + 1 || (this.size',
  },
  {
    law: 7,
    name: 'nobody can be held behind an opaque step',
    file: 'step-rx.ts',
    find: "this.origin = { address: 'opaque', valve,",
    replace: "this.origin = { address: 'opaque', valve: { hold: () => undefined, release: () => undefined },",
  },
  {
    law: 8,
    name: 'drop-oldest drops the newest',
    file: 'backlog.ts',
    find: "if (oldest !== undefined) this.options.onDrop(oldest, 'drop-oldest');",
    replace:
      "if (oldest === undefined) return;\n      this.drop(this.waiting.pop(), 'drop-oldest');\n      this.unshift({ message: oldest, size: oldest.size, key: undefined });",
  },
  {
    law: 8,
    name: 'latest keeps the first value of a key',
    file: 'backlog.ts',
    find: 'older.message = message;',
    replace: '',
  },
  {
    law: 8,
    name: 'drop-newest makes room for what comes back at the wrong end',
    file: 'backlog.ts',
    find: "this.drop(this.waiting.pop(), 'drop-newest')",
    replace: "this.drop(this.waiting.shift(), 'drop-newest')",
  },
  {
    law: 9,
    name: 'fan-out retains after the first offer',
    file: 'fan-out.ts',
    find: 'branch.leg.offer(ready);',
    replace:
      'branch.leg.offer(ready);\n      if (branches.length > 1 && branch === branches[0]) message.retain(branches.length - 1);',
  },
  {
    law: 9,
    name: 'the last status wins, not the worst',
    file: 'message.ts',
    find: "if (status !== 'ack' && this.status !== 'reject') this.status = status;",
    replace: 'this.status = status;',
  },
  {
    law: 9,
    name: 'emitting holds no obligation of its own',
    file: 'source.ts',
    find: 'this.emit(root);\n    // The obligation',
    replace: 'root.emitted();\n    this.emit(root);\n    return;\n    // The obligation',
  },
  {
    law: 10,
    name: 'a pause leg acks what it accepts',
    file: 'leg.ts',
    find: 'this.isLossy = isLossy(options.overflow);',
    replace: "this.isLossy = isLossy(options.overflow) || options.overflow === 'pause';",
  },
  {
    law: 10,
    name: 'what was written counts as confirmed',
    file: 'sink.ts',
    find: 'if (!this.transport.write(message, ticket, leg)) return;',
    replace: 'this.transport.write(message, ticket, leg);',
  },
  {
    law: 11,
    name: 'the floor is whatever was settled last',
    file: 'ack-floor.ts',
    find: 'entry.isSettled = true;',
    replace: 'entry.isSettled = true;\n    this.committed = position;',
  },
  {
    law: 11,
    name: 'a cumulative lane passes its floor over a nack',
    file: 'source.ts',
    find: 'const isOurs = !this.options.redelivers || lane.floor !== undefined;',
    replace: 'const isOurs = !this.options.redelivers;',
  },
  {
    law: 12,
    name: 'a gate that is let go does not say so',
    file: 'gate.ts',
    find: 'if (this.held.delete(holder)) this.announce();',
    replace: 'this.held.delete(holder);',
  },
  {
    law: 12,
    name: 'what is delivered again waits for room in the window',
    file: 'source.ts',
    find: 'budget > 0 && !this.gate.isHeld; )',
    replace: 'budget > 0 && this.gate.isOpen; )',
  },
  {
    law: 12,
    name: 'a confirmed message keeps its place among those that are not',
    file: 'leg.ts',
    find: '      if (!this.isLossy) message.ack();\n    }\n    this.forgetConfirmed();',
    replace: '      if (!this.isLossy) message.ack();\n    }',
  },
  {
    law: 12,
    name: 'a leg that leaves the line counts as one that cannot send',
    file: 'sink.ts',
    find: 'else if (leg.depth > 0) idle += 1;',
    replace: 'else idle += 1;',
  },
  {
    law: 12,
    name: 'an empty leg keeps holding',
    file: 'leg.ts',
    find: 'if (this.holding.size > 0 && this.backlog.isLow) this.letGo();',
    replace: '',
  },
  {
    law: 13,
    name: 'whoever sees a message can settle it',
    file: 'message.ts',
    find: 'settle(status: Status): void {\n    if (this.route === undefined) return;',
    replace:
      'settle(status: Status): void {\n    if (this.route === undefined) return this.root.discharge(status);',
  },
  {
    law: 13,
    name: 'a lossy leg makes its source wait for the sink',
    file: 'leg.ts',
    find: 'this.isLossy = isLossy(options.overflow);',
    replace: 'this.isLossy = isLossy(options.overflow) && options.capacity.messages === 0;',
  },
  {
    law: 14,
    name: 'a throw of a step ends its route',
    file: 'step-fn.ts',
    find: 'failStep(name, message, thrown);\n      return;',
    replace: 'target.error(thrown);\n      return;',
  },
  {
    law: 14,
    name: 'an rx step does not start anew after an error',
    file: 'step-rx.ts',
    find: 'if (failure !== undefined) start();',
    replace: '',
  },
  {
    law: 14,
    name: 'an rx step that errors fails what has left it as well',
    file: 'message.ts',
    find: 'if (this.origin instanceof Joint) this.origin.leave(fence);',
    replace: '',
  },
  {
    law: 14,
    name: 'undefined passes for a payload',
    file: 'step-fn.ts',
    find: 'if (result === undefined) {',
    replace: 'if (result === undefined && message === undefined) {',
  },
  {
    law: 15,
    name: 'a leg writes from within a write',
    file: 'sink.ts',
    find: 'return !this.isWriting && this.isWritable(leg);',
    replace: 'return this.isWritable(leg);',
  },
  {
    law: 15,
    name: 'a source emits from within its own emission',
    file: 'source.ts',
    find: 'this.gate.isOpen &&\n      !this.isPumping &&',
    replace: 'this.gate.isOpen &&',
  },
  {
    law: 16,
    name: 'a leg lets go as soon as it is not full',
    file: 'leg.ts',
    find: 'if (this.holding.size > 0 && this.backlog.isLow) this.letGo();',
    replace: 'if (this.holding.size > 0 && !this.backlog.isFull) this.letGo();',
  },
  {
    law: 16,
    name: 'a leg lets go above half its capacity',
    file: 'backlog.ts',
    find: 'this.waiting.length <= messages >> 1',
    replace: 'this.waiting.length <= (messages * 3) >> 2',
  },
];
