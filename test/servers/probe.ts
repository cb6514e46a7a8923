// Whether something on a port of loopback is what a test waits for: one connection, one question, one answer.

import { connect, type Socket } from 'node:net';

export interface Question {
  /** What is sent first, as its bytes or in Latin-1. Default: nothing, where the server speaks first. */
  readonly sent?: string | Uint8Array;
  /** Whether the answer is right, as far as it has come; undefined as long as more has to come. */
  readonly isRight: (answer: Buffer) => boolean | undefined;
  /** How long the server may be silent. Default 1,000. */
  readonly withinMs?: number;
}

/** Asks the server on this port. No server, no answer in time and an end before it are answers that are not right. */
export function isAnswered(port: number, { sent, isRight, withinMs = 1_000 }: Question): Promise<boolean> {
  return probed(port, (socket, settle) => {
    let answer: Buffer = Buffer.alloc(0);
    if (sent !== undefined) socket.write(typeof sent === 'string' ? Buffer.from(sent, 'latin1') : sent);
    socket.setTimeout(withinMs, () => settle(false));
    socket.on('data', (data) => {
      answer = Buffer.concat([answer, data]);
      const verdict = isRight(answer);
      if (verdict !== undefined) settle(verdict);
    });
  });
}

/** Whether a connection to this port is taken. */
export function listens(port: number): Promise<boolean> {
  return probed(port, (socket, settle) => {
    socket.once('connect', () => settle(true));
  });
}

function probed(
  port: number,
  ask: (socket: Socket, settle: (verdict: boolean) => void) => void,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (verdict: boolean): void => {
      socket.destroy();
      resolve(verdict);
    };
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
    ask(socket, settle);
  });
}
