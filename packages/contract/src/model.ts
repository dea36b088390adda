// Small words for writing schemas, so that a model reads like the contract it comes from. Not for validation: see read.ts.
import Type, {
  type Static,
  type TObject,
  type TProperties,
  type TSchema,
  type TSchemaOptions,
} from "typebox";

/** A named model: becomes `components/schemas/NAME` in openapi.json. Unknown properties are kept. */
export const model = <T extends TProperties>(
  name: string,
  properties: T,
  options: TSchemaOptions = {},
): TObject<T> => Type.Object(properties, { ...options, model: name });

/** An optional property; an explicit null on the wire means the same as absent. */
export const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);

/** A free map: its keys belong to the user and keep their case. */
export const mapOf = <T extends TSchema>(value: T, options: TSchemaOptions = {}) =>
  Type.Record(Type.String(), value, options);

/** Tags: one without a value, which clients send as null, is null again when it is read. */
export const tagMap = (options: TSchemaOptions = {}) => mapOf(nullable(Type.String()), options);

/** Texts by name; a null among them is read as an empty one. */
export const textMap = (options: TSchemaOptions = {}) =>
  mapOf(Type.String({ nullable: true, nullIsEmpty: true }), options);

/** A free object whose content the service does not look into. */
export const anyObject = (options: TSchemaOptions = {}) =>
  Type.Record(Type.String(), Type.Unknown(), options);

/** A closed list of strings. Matched without regard to case, kept in the spelling given here. */
export const oneOf = <const T extends readonly string[]>(values: T, options: TSchemaOptions = {}) =>
  Type.Unsafe<T[number]>({ type: "string", enum: values, ...options });

/** A string that clients also send as the number or the boolean it is made of. */
export const looseText = () => Type.String({ loose: true });

/** An instant in RFC 3339, UTC. */
export const dateTime = (options: TSchemaOptions = {}) => Type.String({ format: "date-time", ...options });

/** A whole number; digit strings are taken for numbers, as the contract's own examples send them. */
export const integer = (options: TSchemaOptions = {}) => Type.Integer(options);

/** A property that is always there, and null when it has no value: for clients that look it up without asking whether it is there. */
export const nullable = <T extends TSchema>(schema: T) =>
  Type.Unsafe<Static<T> | null>({ ...schema, nullable: true });
