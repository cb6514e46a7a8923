/** Two lists side by side: what is in both stands together, and what is between stands against each other. */

export interface Pair {
  /** Places in the lists; `undefined` where one of them has nothing. */
  readonly expected: number | undefined;
  readonly found: number | undefined;
  readonly isSame: boolean;
}

/** So many comparisons are made at most, beside those of the equal beginnings and ends. */
const MOST = 250_000;

/**
 * The longest common part, in the order of the lists. Lists too long for that are compared place by place.
 *
 * @param isSame whether the expected one at a place is the found one at another.
 */
export function align(
  expected: number,
  found: number,
  isSame: (expected: number, found: number) => boolean,
): readonly Pair[] {
  let start = 0;
  while (start < Math.min(expected, found) && isSame(start, start)) start += 1;
  let end = 0;
  while (end < Math.min(expected, found) - start && isSame(expected - end - 1, found - end - 1)) end += 1;

  const pairs: Pair[] = [];
  for (let place = 0; place < start; place += 1) pairs.push({ expected: place, found: place, isSame: true });
  pairs.push(...between({ start, expectedEnd: expected - end, foundEnd: found - end }, isSame));
  for (let place = end; place > 0; place -= 1) {
    pairs.push({ expected: expected - place, found: found - place, isSame: true });
  }
  return pairs;
}

interface Middle {
  readonly start: number;
  readonly expectedEnd: number;
  readonly foundEnd: number;
}

function between(
  { start, expectedEnd, foundEnd }: Middle,
  isSame: (expected: number, found: number) => boolean,
): readonly Pair[] {
  const [rows, columns] = [expectedEnd - start, foundEnd - start];
  const pairs: Pair[] = [];
  let [row, column] = [0, 0];
  const flush = (toRow: number, toColumn: number): void => {
    while (row < toRow || column < toColumn) {
      pairs.push({
        expected: row < toRow ? start + row++ : undefined,
        found: column < toColumn ? start + column++ : undefined,
        isSame: false,
      });
    }
  };
  if (rows * columns <= MOST) {
    for (const [atRow, atColumn] of common(rows, columns, (i, j) => isSame(start + i, start + j))) {
      flush(atRow, atColumn);
      pairs.push({ expected: start + row++, found: start + column++, isSame: true });
    }
  }
  flush(rows, columns);
  return pairs;
}

/** The places of a longest common subsequence. */
function common(
  rows: number,
  columns: number,
  isSame: (row: number, column: number) => boolean,
): readonly (readonly [number, number])[] {
  const same: boolean[] = [];
  for (let i = 0; i < rows; i += 1) for (let j = 0; j < columns; j += 1) same.push(isSame(i, j));
  const width = columns + 1;
  const lengths = new Uint32Array((rows + 1) * width);
  const at = (row: number, column: number): number => lengths[row * width + column] ?? 0;
  for (let i = rows - 1; i >= 0; i -= 1) {
    for (let j = columns - 1; j >= 0; j -= 1) {
      lengths[i * width + j] =
        same[i * columns + j] === true ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const found: (readonly [number, number])[] = [];
  for (let [i, j] = [0, 0]; i < rows && j < columns; ) {
    if (same[i * columns + j] === true) {
      found.push([i, j]);
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  return found;
}
