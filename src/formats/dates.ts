/** How far dates reach in the formats that have them: as far as seconds in a double tell the milliseconds apart. */

/** Seconds before and after 1970: 2^41, which is the year 71,654. */
export const FARTHEST_S: number = 2 ** 41;
