/** How deep lists and maps may nest in any format: what recurses over them is then bounded as well. */

/** Levels of lists and maps. */
export const DEEPEST = 64;
