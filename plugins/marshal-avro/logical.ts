/** Decimals, dates and times as text, which loses nothing: a Date has no microseconds, a number no 30 digits. */
import avro, { type Type } from 'avsc';

type Wrapped = new (schema: never, options?: unknown) => avro.types.LogicalType;

/** What is wrong with a value; the library adds where. */
function wrong(what: string): Error {
  return new Error(`expected ${what}`);
}

const DAY_MS = 86_400_000;

/** A whole number in a unit ↔ text. Throws for text that is none. */
interface Form {
  toText(units: number): string;
  toUnits(text: string): number;
}

/** Milliseconds, or microseconds, since 1970. */
function instant(unitsPerMs: number, suffix: string): Form {
  const digits = unitsPerMs === 1 ? 3 : 6;
  const pattern = new RegExp(
    `^(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d)(?:\\.(\\d{1,${digits}}))?${suffix}$`,
  );
  return {
    toText(units) {
      const seconds = Math.floor(units / (1000 * unitsPerMs));
      const fraction = units - seconds * 1000 * unitsPerMs;
      const date = new Date(seconds * 1000);
      if (!isOfFourDigits(date)) throw wrong('a time of a year of four digits');
      return `${date.toISOString().slice(0, 19)}.${String(fraction).padStart(digits, '0')}${suffix}`;
    },
    toUnits(text) {
      const [, whole, fraction = ''] = pattern.exec(text) ?? [];
      const ms = whole === undefined ? Number.NaN : Date.parse(`${whole}Z`);
      // Date.parse takes the 31st of any month.
      if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 19) !== whole) {
        throw wrong(`a time such as 2026-11-23T09:00:00.${'0'.repeat(digits)}${suffix}`);
      }
      return ms * unitsPerMs + Number(fraction.padEnd(digits, '0'));
    },
  };
}

const date: Form = {
  toText(days) {
    const day = new Date(days * DAY_MS);
    if (!isOfFourDigits(day)) throw wrong('a date of a year of four digits');
    return day.toISOString().slice(0, 10);
  },
  toUnits(text) {
    const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text)
      throw wrong('a date such as 2026-11-23');
    return ms / DAY_MS;
  },
};

function timeOfDay(unitsPerMs: number): Form {
  const form = instant(unitsPerMs, '');
  return {
    toText(units) {
      if (units < 0 || units >= DAY_MS * unitsPerMs) throw wrong('a time within a day');
      return form.toText(units).slice(11);
    },
    toUnits: (text) => form.toUnits(`1970-01-01T${text}`),
  };
}

function isOfFourDigits(day: Date): boolean {
  return !Number.isNaN(day.getTime()) && day.getUTCFullYear() >= 0 && day.getUTCFullYear() <= 9999;
}

const forms: Readonly<Record<string, Form>> = {
  date,
  'time-millis': timeOfDay(1),
  'time-micros': timeOfDay(1000),
  'timestamp-millis': instant(1, 'Z'),
  'timestamp-micros': instant(1000, 'Z'),
  'local-timestamp-millis': instant(1, ''),
  'local-timestamp-micros': instant(1000, ''),
};

function logicalOf(form: Form): Wrapped {
  return class extends avro.types.LogicalType {
    override _fromValue(units: number): string {
      return form.toText(units);
    }
    override _toValue(text: unknown): number | undefined {
      if (typeof text !== 'string') return undefined;
      try {
        return form.toUnits(text);
      } catch {
        return undefined;
      }
    }
    override _resolve(type: Type): ((value: never) => unknown) | undefined {
      return type.equals(this.underlyingType) || type.typeName === this.typeName
        ? (value) => (typeof value === 'number' ? form.toText(value) : value)
        : undefined;
    }
  };
}

interface DecimalSchema {
  readonly precision?: unknown;
  readonly scale?: unknown;
  readonly size?: unknown;
}

/** Two's complement, the first byte first, over bytes or fixed. */
class Decimal extends avro.types.LogicalType {
  private readonly precision: number;
  private readonly scale: number;
  private readonly width: number | undefined;

  constructor(schema: DecimalSchema, options?: unknown) {
    super(schema as never, options);
    const { precision, scale = 0, size } = schema;
    const isRight =
      Number.isSafeInteger(precision) &&
      Number.isSafeInteger(scale) &&
      (scale as number) >= 0 &&
      (precision as number) >= Math.max(1, scale as number) &&
      (precision as number) <= MOST_DIGITS;
    if (!isRight)
      throw new Error(`expected a decimal with a precision of 1 to ${MOST_DIGITS} and a scale within it`);
    this.precision = precision as number;
    this.scale = scale as number;
    this.width = typeof size === 'number' ? size : undefined;
  }

  override _fromValue(bytes: Buffer): string {
    const unscaled =
      bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`));
    const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(this.scale + 1, '0');
    if (digits.replace(/^0+/, '').length > this.precision)
      throw wrong(`a decimal of ${this.precision} digits`);
    const whole = digits.slice(0, digits.length - this.scale);
    const fraction = this.scale === 0 ? '' : `.${digits.slice(-this.scale)}`;
    return `${unscaled < 0n ? '-' : ''}${whole}${fraction}`;
  }

  override _toValue(text: unknown): Buffer | undefined {
    const [, sign = '', whole = '', fraction = ''] =
      (typeof text === 'string' && text.length <= MOST_DIGITS + 2 && /^(-?)(\d+)(?:\.(\d+))?$/.exec(text)) ||
      [];
    if (whole === '' || fraction.length > this.scale) return undefined;
    const digits = `${whole}${fraction.padEnd(this.scale, '0')}`;
    if (digits.replace(/^0+/, '').length > this.precision) return undefined;
    const unscaled = sign === '' ? BigInt(digits) : -BigInt(digits);
    const width = this.width ?? widthOf(unscaled);
    if (BigInt.asIntN(width * 8, unscaled) !== unscaled) return undefined;
    return Buffer.from(
      BigInt.asUintN(width * 8, unscaled)
        .toString(16)
        .padStart(width * 2, '0'),
      'hex',
    );
  }

  override _resolve(type: Type): ((value: never) => unknown) | undefined {
    return type.equals(this.underlyingType) || type.typeName === this.typeName
      ? (value) => (Buffer.isBuffer(value) ? this._fromValue(value) : value)
      : undefined;
  }
}

const MOST_DIGITS = 256;

function widthOf(unscaled: bigint): number {
  let width = 1;
  while (BigInt.asIntN(width * 8, unscaled) !== unscaled) width += 1;
  return width;
}

/** What the library calls for a schema with a `logicalType`. */
export const logicalTypes: Readonly<Record<string, Wrapped>> = {
  decimal: Decimal,
  ...Object.fromEntries(Object.entries(forms).map(([name, form]) => [name, logicalOf(form)])),
};
