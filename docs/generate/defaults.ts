// What options are unless given. The JSON Schema of what is written has no defaults for options that are read into
// something else, a size into a number of bytes; that of what comes of it has them.

import { formatDuration } from '../../src/options/duration.ts';
import { formatSize } from '../../src/options/size.ts';
import { type JsonSchema, typeOf } from './option-rows.ts';

/** `written` with the defaults of `read`, as they would be written. */
export function withDefaults(written: JsonSchema, read: JsonSchema | undefined): JsonSchema {
  const given: unknown = written.default ?? read?.default;
  const properties = Object.entries(written.properties ?? {}).map(
    ([key, option]) => [key, withDefaults(option, read?.properties?.[key])] as const,
  );
  return {
    ...written,
    ...(written.properties !== undefined && { properties: Object.fromEntries(properties) }),
    ...(given !== undefined && !isEmpty(given) && { default: asWritten(given, typeOf(written)) }),
    ...(isEmpty(given) && { default: undefined }),
  };
}

function asWritten(value: unknown, type: string): unknown {
  if (typeof value !== 'number') return value;
  if (type === 'duration') return formatDuration(value);
  return type === 'size' ? formatSize(value) : value;
}

/** A map or a list without anything says nothing that its options do not. */
function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
