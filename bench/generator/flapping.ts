/** Peers that read and do not read by turns, and come back when the server has thrown them out. */
import { cutLink, type Link, type LinkOptions, openLink } from './link.ts';

const TURN_MS = 50;

/** Returns what ends it, with the connections that it has opened. */
export function flap(links: readonly Link[], options: LinkOptions): () => void {
  const current = [...links];
  let isReading = true;
  let isOver = false;

  const turn = (): void => {
    isReading = !isReading;
    for (const [place, link] of current.entries()) {
      if (!link.isOpen) comeBack(place);
      else if (isReading) link.socket.resume();
      else link.socket.pause();
    }
  };

  const comeBack = (place: number): void => {
    const late = openLink(options);
    late.then(
      (link) => {
        if (isOver) cutLink(link);
        else current[place] = link;
      },
      // Refused: the next turn tries again.
      () => undefined,
    );
  };

  const timer = links.length > 0 ? setInterval(turn, TURN_MS) : undefined;
  return () => {
    isOver = true;
    clearInterval(timer);
    for (const link of current) cutLink(link);
  };
}
