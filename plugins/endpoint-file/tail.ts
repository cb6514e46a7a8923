/** Follows a file that grows, through its rotations, and remembers how far all is settled. */
import { open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { SchedulerLike, Subscription } from 'rxjs';
import { AraldoError } from '../../src/core/errors.ts';
import type { Lane } from '../../src/core/lane.ts';
import type { Log } from '../../src/core/log.ts';
import { createRateLimitedLog } from '../../src/core/rate-limited-log.ts';
import type { Port } from '../../src/core/transport.ts';
import { createLineSplitter, type Line } from '../../src/newline/line-splitter.ts';
import { filePart, type Part } from './part.ts';
import { HEAD_BYTES, headOf, loadPosition, type Position, savePosition } from './position.ts';
import { type FoundFile, filesAside, findFile } from './put-aside.ts';

export interface TailOptions {
  readonly name: string;
  readonly path: string;
  /** The file of the position. */
  readonly state: string;
  readonly from: 'start' | 'end';
  readonly pollMs: number;
  /** In bytes. */
  readonly maxLine: number;
  readonly keepsEmpty: boolean;
  readonly scheduler: SchedulerLike;
  readonly log: Log;
}

export interface Tail {
  open(): Promise<void>;
  /** The gate is open again. */
  resume(): void;
  /** A message of this lane is settled. */
  settled(lane: Lane): void;
  /** Reads nothing more. */
  drain(): void;
  close(): Promise<void>;
}

const LOG_EVERY_MS = 1_000;

export function createTail(options: TailOptions, port: Port): Tail {
  const { name, path, state, pollMs, scheduler, log } = options;
  const warn = createRateLimitedLog({ log, level: 'warn', everyMs: LOG_EVERY_MS, scheduler });
  /** Files with something unsettled, and at the end the one that is read: no more than the window and one. */
  let parts: Part[] = [];
  let timer: Subscription | undefined;
  let isPumping = false;
  let isStopped = true;
  let committing: Promise<void> | undefined;
  let isDirty = false;
  /** The ordinal of the newest file. */
  let newest = 0;
  /** Counts how often it was closed: what goes on from before does nothing any more. */
  let epoch = 0;

  return {
    async open() {
      isStopped = false;
      try {
        await begin();
      } catch (thrown) {
        throw failure('connect-failed', thrown);
      }
      pump();
    },
    resume: pump,
    settled(lane) {
      const part = parts.find((one) => one.lane === lane);
      if (part === undefined) return;
      part.unsettled -= 1;
      commit();
    },
    drain() {
      isStopped = true;
      timer?.unsubscribe();
    },
    async close() {
      epoch += 1;
      isStopped = true;
      timer?.unsubscribe();
      await committing;
      const closed = parts;
      parts = [];
      for (const { lane, handle } of closed) {
        lane.revoke();
        await handle.close();
      }
    },
  };

  /** Opens what was being read, or the file of the path; nothing where there is none yet. */
  async function begin(): Promise<void> {
    const kept = await loadPosition(state);
    const now = await findFile(path);
    if (now === undefined) await refuseFolder();
    if (kept === undefined) {
      if (now !== undefined) await add(now, 1, options.from === 'end' ? now.size : 0);
      // A crash before the first commit must not move where `end` is.
      if (parts.length > 0) commit();
      return;
    }
    for (const file of [...(await filesAside(path)), ...(now === undefined ? [] : [now])]) {
      if (await isOf(kept, file)) return void (await add(file, kept.ordinal, kept.offset));
    }
    newest = kept.ordinal;
    warn(
      { endpoint: name, path },
      'what was being read is gone: it was cut off or deleted while nobody read it',
    );
    if (now !== undefined) await add(now, newest + 1, 0);
  }

  /** A file that is not there may come; a folder, or one that is not there, is a mistake. */
  async function refuseFolder(): Promise<void> {
    const folder = await open(dirname(path), 'r');
    await folder.close();
    const other = await open(path, 'r').catch(() => undefined);
    if (other === undefined) return;
    await other.close();
    throw new Error('it is not a file');
  }

  async function isOf({ ino, offset, head, headBytes }: Position, file: FoundFile): Promise<boolean> {
    if (file.ino !== ino || file.size < offset) return false;
    await using handle = await open(file.path, 'r');
    return (await headOf(handle, headBytes)) === head;
  }

  async function add(file: FoundFile, ordinal: number, from: number): Promise<Part> {
    const handle = await open(file.path, 'r');
    const lane = port.source.lane({
      name: `${name}.${ordinal}`,
      meta: { endpoint: name, lane: `${name}.${ordinal}` },
      isCumulative: true,
    });
    const lines = createLineSplitter({
      maxLine: options.maxLine,
      from,
      onTooLong: (bytes) =>
        warn({ endpoint: name, path, bytes }, 'left out a line that is longer than max-line'),
    });
    const { ino } = await handle.stat();
    const part = filePart({ handle, ino, ordinal, lane, lines, from });
    parts.push(part);
    newest = ordinal;
    return part;
  }

  function pump(): void {
    if (isPumping || isStopped) return;
    isPumping = true;
    const own = epoch;
    read(own)
      .catch((thrown: unknown) => {
        if (own === epoch) port.broken(failure('connection-lost', thrown));
      })
      .finally(() => {
        isPumping = false;
        // Opened again while the reading from before came to its end.
        if (own !== epoch) pump();
      });
  }

  /** Reads until the gate shuts, or to the end of what there is. */
  async function read(own: number): Promise<void> {
    const goesOn = (): boolean => own === epoch && !isStopped;
    while (goesOn()) {
      const part = parts.at(-1);
      if (part === undefined) {
        const file = await findFile(path);
        if (goesOn() && file !== undefined) await add(file, newest + 1, 0);
        else return poll();
        continue;
      }
      emit(part);
      if (part.lane.isPaused) return;
      const outcome = await part.readMore();
      if (!goesOn()) return;
      if (outcome === 'more') continue;
      const next = outcome === 'cut' ? await findFile(path) : await successorOf(part);
      if (!goesOn()) return;
      if (next === undefined) return poll();
      // The beginning of a line that was cut off has no end any more.
      if (outcome === 'end') finish(part);
      part.lane.close();
      part.isOver = true;
      await add(next, newest + 1, 0);
      commit();
    }
  }

  function poll(): void {
    timer?.unsubscribe();
    timer = scheduler.schedule(pump, pollMs);
  }

  function emit(part: Part): void {
    for (let line = part.next(); line !== undefined; line = part.next()) receive(part, line);
  }

  /** What stands after its last line break is a line: nobody writes to it any more. */
  function finish(part: Part): void {
    const line = part.lines.rest();
    if (line !== undefined) receive(part, line);
  }

  function receive(part: Part, { wire, end }: Line): void {
    if (wire.size === 0 && !options.keepsEmpty) return;
    const { lane, ordinal } = part;
    const id = `${lane.meta.endpoint}/${basename(path)}.${ordinal}:${end}`;
    part.unsettled += 1;
    lane.receiveBytes(wire, { ...lane.meta, id, offset: end }, end);
  }

  /**
   * The file to go on with when the path leads to another one. The writer may have the old one open for a moment
   * longer, so it is looked at once more before it is left.
   */
  async function successorOf(part: Part): Promise<FoundFile | undefined> {
    const now = await findFile(path);
    if (now === undefined || now.ino === part.ino) return undefined;
    if (!part.isRotated) {
      part.isRotated = true;
      return undefined;
    }
    const { mtimeMs } = await part.handle.stat();
    const between = (await filesAside(path)).filter(
      (file) => file.mtimeMs > mtimeMs && file.ino !== part.ino,
    );
    return between[0] ?? now;
  }

  /** Keeps how far all is settled; at once, but one write at a time. */
  function commit(): void {
    isDirty = true;
    if (committing !== undefined) return;
    const own = epoch;
    committing = commitAll()
      .catch((thrown: unknown) => {
        if (own === epoch) port.broken(failure('connection-lost', thrown));
      })
      .finally(() => {
        committing = undefined;
      });
  }

  async function commitAll(): Promise<void> {
    while (isDirty) {
      isDirty = false;
      for (
        let [first] = parts;
        first?.isOver === true && first.unsettled === 0 && parts.length > 1;
        [first] = parts
      ) {
        parts.shift();
        await first.handle.close();
      }
      const [first] = parts;
      if (first === undefined) return;
      const { ordinal, ino, offset, handle } = first;
      const headBytes = Math.min(HEAD_BYTES, offset);
      const head = await headOf(handle, headBytes);
      await savePosition(state, { ordinal, ino, offset, head, headBytes });
    }
  }

  function failure(code: 'connect-failed' | 'connection-lost', thrown: unknown): AraldoError {
    if (thrown instanceof AraldoError) return thrown;
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return new AraldoError(code, `could not follow ${path}: ${text}`, { cause: thrown });
  }
}
