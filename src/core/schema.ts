/**
 * What araldo asks of a schema: the Standard Schema interface (https://standardschema.dev, version 1), which
 * zod, valibot, arktype and others implement. Built-in plugins declare theirs with zod.
 */

export interface Schema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a schema parses to. */
export type Parsed<S> = S extends Schema<infer Output> ? Output : never;
