/** araldo in code: start a server, reach its endpoints, declare plugins and operators. */
export type { Configuration } from './config/configuration.ts';
export { ConfigurationError } from './config/load.ts';
export type {
  Capabilities,
  EndpointOptions,
  EndpointState,
  SinkCapabilities,
  SourceCapabilities,
} from './core/endpoint.ts';
export { Endpoint } from './core/endpoint.ts';
export { AraldoError, type ErrorCode, errorCodes, type Place } from './core/errors.ts';
export type { Lane, LaneOptions } from './core/lane.ts';
export type { Log } from './core/log.ts';
export type { Marshaller } from './core/marshaller.ts';
export { Message, type Meta, type RoutePort, type Status } from './core/message.ts';
export {
  type AsyncOperator,
  defineOperator,
  type FnOperator,
  type MessageOperator,
  type OperatorDefinition,
  type RxOperator,
  type StepContext,
} from './core/operator.ts';
export type { Capacity, Overflow } from './core/overflow.ts';
export {
  defineEndpoint,
  defineMarshaller,
  type EndpointContext,
  type EndpointPlugin,
  type MarshallerPlugin,
  type PluginContext,
  type Service,
} from './core/plugin.ts';
export type { Schema } from './core/schema.ts';
export type { ConfirmLevel, Sender, SinkTransport } from './core/sink.ts';
export type { Source, SourceTransport } from './core/source.ts';
export type { PeerCounts, Port, RequestCounts, RequestTable, Transport } from './core/transport.ts';
export { turnScheduler } from './core/turn-scheduler.ts';
export { Wire } from './core/wire.ts';
export {
  type HttpHost,
  httpHost,
  type RequestHandler,
  type Upgrade,
  type UpgradeHandler,
} from './http/host.ts';
export type { ServerStatus } from './http/status.ts';
export { type Server, type StartOptions, type StopOptions, startServer } from './server.ts';
