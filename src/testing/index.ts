/** `araldo/testing`: routes under test, in virtual time, with the outside world in the test's hands. */
export { type FaultKind, faultKinds, faults } from './arbitraries/fault.ts';
export { type JsonSchema, payloadsOf } from './arbitraries/json-schema.ts';
export {
  type Arrival,
  bursts,
  type Incoming,
  type MessageOptions,
  messages,
  pauses,
  schedules,
} from './arbitraries/message.ts';
export { guessedPayloads } from './arbitraries/payload.ts';
export { type ScenarioOptions, scenarios, sends } from './arbitraries/scenario.ts';
export { type Topology, type TopologyOptions, topologies } from './arbitraries/topology.ts';
export type { BatterySizes, BatterySkip } from './battery-case.ts';
export type {
  BatteryCaseName,
  BatteryWorld,
  MetaWord,
  OutsideMessage,
  Refusal,
  ServerAddress,
} from './battery-world.ts';
export { type BatteryCase, type EndpointUnderBattery, endpointBattery } from './endpoint-battery.ts';
export { type EndpointUnderLaws, endpointLaws } from './endpoint-laws.ts';
export type { EndpointWorld } from './endpoint-stage.ts';
export { type Direction, type FaultProxy, type FaultProxyOptions, faultProxy } from './fault-proxy.ts';
export { backoffLaw, type PauseOptions, type PausesUnderLaws } from './laws/backoff-law.ts';
export { type CheckLawsSettings, checkLaws, type LawResult } from './laws/check-laws.ts';
export { compilePurityLaw } from './laws/compile-purity.ts';
export { type LawReport, type RelayLaw, type RelayLawSettings } from './laws/law.ts';
export { LawBroken } from './laws/law-broken.ts';
export type { RelayOf } from './laws/played.ts';
export { laws, type RelayLawName, relayLaws } from './laws/relay-laws.ts';
export { type SecretsSettings, secretsLaw } from './laws/secrets.ts';
export type { Composition } from './life.ts';
export { loadRelay, type RelaySource } from './load-relay.ts';
export { type MarshallerUnderLaws, marshallerLaws } from './marshaller-laws.ts';
export { modelledPlugin } from './modelled-plugin.ts';
export type { Received, SinkControl } from './modelled-sink.ts';
export type { Open } from './open.ts';
export {
  type Law,
  type LawSettings,
  type OperatorUnderLaws,
  operatorLaws,
} from './operator-laws.ts';
export { type RelayOptions, type SourceControl, type VirtualRelay, virtualRelay } from './relay.ts';
export { type RelayEvent, wordsOf } from './relay-event.ts';
export { play, type Scenario, type ScenarioAction, scenarioText } from './scenario.ts';
export type { Fate, Sent } from './sent.ts';
export { type Happening, type Timeline, timelineText } from './timeline.ts';
export type { Toxics } from './toxic-pipe.ts';
export { type RouteOptions, type RouteUnderTest, type VirtualRoute, virtualRoute } from './virtual-route.ts';
