/** What a plugin is: an id, one schema of its options, and a factory. Plugins import this and no more. */
import type { SchedulerLike } from 'rxjs';
import { type Capabilities, Endpoint, type EndpointOptions } from './endpoint.ts';
import type { Log } from './log.ts';
import type { Marshaller } from './marshaller.ts';
import type { OptionFiles } from './option-files.ts';
import type { Parsed, Schema, SchemaResult } from './schema.ts';
import type { Port, Transport } from './transport.ts';

/** A key to something that the server lends to plugins, such as its HTTP server; typed by what it lends. */
export interface Service<T> {
  readonly name: string;
  /** Never set: it carries the type. */
  readonly lends?: T;
}

/** What the server gives a plugin when it makes an instance. */
export interface PluginContext {
  /** The unique name of the instance in the configuration. */
  readonly name: string;
  /** The id of this run of the server. */
  readonly instance: string;
  readonly scheduler: SchedulerLike;
  readonly log: Log;
  /** Throws an `AraldoError` when the server does not lend it. */
  service<T>(key: Service<T>): T;
}

/** The same for an endpoint, with what `createEndpoint` and own subclasses of `Endpoint` need. */
export interface EndpointContext extends PluginContext {
  readonly endpoint: EndpointOptions;
  /** An endpoint over a transport: the usual way to make one. */
  connect(transport: (port: Port) => Transport): Endpoint;
}

export interface EndpointPlugin<S extends Schema = Schema> {
  readonly kind: 'endpoint';
  readonly id: string;
  /** One sentence: what it connects to. */
  readonly summary: string;
  readonly options: S;
  /** What it can do with these options. Pure: asked before anything is opened. */
  capabilities(options: Parsed<S>): Capabilities;
  /**
   * What to write in place of some options so that an endpoint has a consumer of its own, which gets all messages
   * beside the others; `suffix` is letters, digits, `_` and `-`, and the same after a restart. A text where there can be
   * none: why. Absent: there never can. Pure.
   */
  isolated?(
    options: Readonly<Record<string, unknown>>,
    consumer: { readonly endpoint: string; readonly suffix: string },
  ): Readonly<Record<string, unknown>> | string;
  /** Makes it; opens nothing, and does not fail for what only opening can show. */
  create(options: Parsed<S>, context: EndpointContext): Endpoint;
}

export interface MarshallerPlugin<S extends Schema = Schema> {
  readonly kind: 'marshaller';
  readonly id: string;
  readonly summary: string;
  readonly options: S;
  /** As `Marshaller.envelope`, before it is made. It never carries one unless it says so here. */
  envelope?(options: Parsed<S>): boolean;
  /**
   * Reads what the options name, such as the file of a schema, after their own schema and before anything opens. What it
   * gives takes the place of the options; its issues, and what it rejects with, are problems of the configuration.
   */
  prepare?(options: Parsed<S>, files: OptionFiles): Promise<SchemaResult<Parsed<S>>>;
  create(options: Parsed<S>, context: PluginContext): Marshaller;
}

/** A plugin whose options are its own business: what a registry holds. */
export type AnyPlugin = EndpointPlugin | MarshallerPlugin;

/**
 * Declares an endpoint plugin; the options' types follow from the schema.
 *
 * @example
 * export default defineEndpoint({
 *   kind: 'endpoint', id: 'endpoint-clock', summary: 'Tells the time.',
 *   options: z.strictObject({ every: duration().default(1000) }),
 *   capabilities: () => ({ source: { … } }),
 *   create: (options, context) => context.connect((port) => ({ open() { … }, close() { … } })),
 * });
 */
export function defineEndpoint<S extends Schema>(plugin: EndpointPlugin<S>): EndpointPlugin<S> {
  return plugin;
}

/** Declares a marshaller plugin. */
export function defineMarshaller<S extends Schema>(plugin: MarshallerPlugin<S>): MarshallerPlugin<S> {
  return plugin;
}

/** The context of an endpoint, from that of a plugin and what the endpoint is told. */
export function endpointContext(context: PluginContext, endpoint: EndpointOptions): EndpointContext {
  return { ...context, endpoint, connect: (transport) => new Endpoint(endpoint, transport) };
}
