/** Circles in a graph of names: strongly connected parts (Tarjan), without recursion. */

/** One circle for each group of names that lead to one another, as names in their order. */
export function findCircles(
  names: readonly string[],
  next: (name: string) => readonly string[],
): readonly (readonly string[])[] {
  return connectedParts(names, next)
    .filter((part) => part.length > 1 || next(part[0] ?? '').includes(part[0] ?? ''))
    .map((part) => circleIn(part, next));
}

interface Visit {
  readonly name: string;
  readonly neighbours: readonly string[];
  at: number;
}

function connectedParts(names: readonly string[], next: (name: string) => readonly string[]): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const parts: string[][] = [];

  const enter = (name: string): Visit => {
    order.set(name, order.size);
    low.set(name, order.size - 1);
    open.push(name);
    isOpen.add(name);
    return { name, neighbours: next(name), at: 0 };
  };
  const lower = (name: string, to: number | undefined): void => {
    if (to !== undefined) low.set(name, Math.min(low.get(name) ?? to, to));
  };

  for (const start of names) {
    if (order.has(start)) continue;
    const path = [enter(start)];
    for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) {
      const neighbour = visit.neighbours[visit.at];
      visit.at += 1;
      if (neighbour === undefined) {
        path.pop();
        const above = path.at(-1);
        if (above !== undefined) lower(above.name, low.get(visit.name));
        if (low.get(visit.name) === order.get(visit.name)) parts.push(close(visit.name));
      } else if (!order.has(neighbour)) path.push(enter(neighbour));
      else if (isOpen.has(neighbour)) lower(visit.name, order.get(neighbour));
    }
  }
  return parts;

  function close(name: string): string[] {
    const part = open.splice(open.lastIndexOf(name));
    for (const member of part) isOpen.delete(member);
    return part;
  }
}

/** A shortest way from the first route of a connected part back to it. */
function circleIn(part: readonly string[], next: (name: string) => readonly string[]): readonly string[] {
  const members = new Set(part);
  const start = part.toSorted()[0] ?? '';
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const name of queue) {
    for (const neighbour of next(name)) {
      if (neighbour === start) return wayTo(name);
      if (!members.has(neighbour) || cameFrom.has(neighbour)) continue;
      cameFrom.set(neighbour, name);
      queue.push(neighbour);
    }
  }
  return part;

  function wayTo(end: string): readonly string[] {
    const way = [end];
    for (let at = end; at !== start; ) {
      at = cameFrom.get(at) ?? start;
      way.unshift(at);
    }
    return way;
  }
}
