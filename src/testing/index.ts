/** `araldo/testing`: routes under test, in virtual time, with the outside world in the test's hands. */

export type { Composition } from './life.ts';
export { loadRelay, type RelaySource } from './load-relay.ts';
export type { Received, SinkControl } from './modelled-sink.ts';
export {
  type Law as OperatorLaw,
  type LawSettings,
  type OperatorUnderLaws,
  operatorLaws,
} from './operator-laws.ts';
export {
  type Open,
  type RelayOptions,
  type SourceControl,
  type VirtualRelay,
  virtualRelay,
} from './relay.ts';
export { type RelayEvent, wordsOf } from './relay-event.ts';
export type { Fate, Sent } from './sent.ts';
export { type Happening, type Timeline, timelineText } from './timeline.ts';
