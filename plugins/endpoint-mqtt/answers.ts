/** Answers to the broker for what was settled: PUBACK under QoS 1, PUBREC under QoS 2; those of a turn in one write. */
import type { SchedulerLike } from 'rxjs';

/** The same in MQTT 3.1.1 and 5, where a reason of 0 is left out. */
const PUBACK = 0x40;
const PUBREC = 0x50;
const SIZE = 4;

export interface Answers {
  /** Answers within the turn. */
  answer(packetId: number, qos: 1 | 2): void;
  /** Writes at once what is not written yet. */
  flush(): void;
}

/** As many as may be unanswered wait for the end of a turn: 65,535 at most. */
export function createAnswers(scheduler: SchedulerLike, write: (packets: Buffer) => void): Answers {
  let waiting: number[] = [];

  return {
    answer(packetId, qos) {
      waiting.push(qos === 1 ? packetId : packetId | 0x1_0000);
      if (waiting.length === 1) scheduler.schedule(flush);
    },
    flush,
  };

  function flush(): void {
    if (waiting.length === 0) return;
    const packets = Buffer.allocUnsafe(waiting.length * SIZE);
    for (const [place, one] of waiting.entries()) {
      const at = place * SIZE;
      packets[at] = one > 0xffff ? PUBREC : PUBACK;
      packets[at + 1] = 2;
      packets.writeUInt16BE(one & 0xffff, at + 2);
    }
    waiting = [];
    write(packets);
  }
}
